"""Phones that forward and transfer at random: whatever they do, nothing is left and every call has
its one CDR (SIG-21, SIG-22, BIL-10).
"""

import asyncio
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.platform import PHONE_1, PHONE_2, platform, to
from support.routed_switch import RoutedBench
from support.switch import ANSWER, OFFER, VENDOR, answers_with, caller, gives
from support.user_agent import UserAgent
from trunkline_signaling.calls.events import HangUp
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.sip.dialog import DialogState

NUMBERS = ("2001", "2002", "2003", "4420")
CAUSES = ("unconditional", "offline", "busy", "noAnswer")


def phone(random: Random) -> dict[str, Any]:
    """Draw how a phone passes its calls on."""
    causes = random.sample(CAUSES, random.randint(0, 2))
    methods = ("sequential", "random", "simultaneous")
    return {
        "transfer": {"allowed": True},
        "forwarding": {
            cause: {
                "numbers": random.sample(NUMBERS, random.randint(1, 3)),
                "method": random.choice(methods),
                "alert": random.randint(1, 20),
            }
            for cause in causes
        },
    }


def agent(random: Random, address: tuple[str, int]) -> UserAgent:
    """Draw what a callee does."""
    elsewhere = ANSWER.replace(b"6000", b"%d" % random.randrange(7000, 8000, 2))
    scripts = [answers_with(elsewhere)] * 4 + [gives(486), gives(180), gives(180, 404), gives()]
    return UserAgent(address, script=random.choice(scripts))


def act(bench: RoutedBench, agents: list[UserAgent], random: Random) -> None:
    """Let somebody do something in a confirmed dialog, or an operator hang up."""
    if random.random() < 0.03 and bench.switch.calls:
        bench.switch.tell(random.choice(list(bench.switch.calls)), HangUp("at random"))
    chosen = random.choice(agents)
    dialogs = [one for one in chosen.dialogs if one.state is DialogState.CONFIRMED]
    if not dialogs:
        return
    dialog = random.choice(dialogs)
    method = random.choice(["REFER", "REFER", "REFER", "INVITE", "UPDATE", "INFO", "BYE"])
    body = OFFER.replace(b"4000", b"%d" % random.randrange(4000, 5000, 2))
    request = dialog.request(method, body if method == "INVITE" else b"", "application/sdp")
    if method == "REFER":
        request.headers.set("Refer-To", refer_to(chosen, random))
    chosen.now = asyncio.get_running_loop().time()
    chosen.transactions.send_request(request, dialog.flow, chosen.now)
    bench.pump(chosen)


def refer_to(transferor: UserAgent, random: Random) -> str:
    """Draw a target: a number, or a dialog of the transferor."""
    dialogs = list(transferor.dialogs)
    number = random.choice(NUMBERS)
    if random.random() < 0.6 or not dialogs:
        return f"<sip:{number}@10.0.0.1>"
    named = random.choice(dialogs)
    tags = f"to-tag%3D{named.remote.tag}%3Bfrom-tag%3D{named.local.tag}"
    return f"<sip:{number}@10.0.0.1?Replaces={named.call_id}%3B{tags}>"


@pytest.mark.parametrize("seed", range(24))
async def test_nothing_is_left_of_calls_that_were_passed_on(seed: int) -> None:
    random = Random(seed)
    alice = caller(answers_offers=True)
    others = [agent(random, address) for address in (PHONE_1, PHONE_2, VENDOR)]
    phones = {number: phone(random) for number in NUMBERS[:3]}
    with capture_logs() as logs:
        bench = platform(alice, *others, phones=phones)
        for number in range(6):
            request = to(random.choice(NUMBERS))
            request.headers.set("Call-ID", f"call-{number}")
            request.headers.set("From", f"<sip:1001@10.0.0.2>;tag=alice{number}")
            bench.call(alice, request)
            for _ in range(8):
                await asyncio.sleep(random.choice([0.0, 0.002, 0.5, 3.0]))
                act(bench, [alice, *others], random)
        for call_id in list(bench.switch.calls):
            bench.switch.tell(call_id, HangUp("the end"))
        await asyncio.sleep(120)

    assert [log for log in logs if log["log_level"] == "error"] == []
    assert not bench.switch.calls
    assert not bench.switch.dialogs
    ids = [cdr.call_id for cdr in bench.cdrs.cdrs]
    assert len(ids) == len(set(ids)) >= 6
    assert CallEndReason.INTERNAL_ERROR not in {cdr.reason for cdr in bench.cdrs.cdrs}
