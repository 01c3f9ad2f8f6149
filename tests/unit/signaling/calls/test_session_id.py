"""One name for both legs of a call (RFC 7989)."""

import asyncio

from support.platform import PHONE_2, platform, to
from support.switch import (
    ANSWER,
    CALLER,
    VENDOR,
    SwitchBench,
    answers,
    caller,
    gives,
    invite,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.extra_headers import UNDERSTOOD
from trunkline_signaling.sip.header_names import canonical
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import Event, RequestReceived
from trunkline_signaling.sip.parser import parse_datagram

ALICE = "ab30317f1a784dc48ff824d0d3715d86"
BOB = "47755a9de7794ba387653f2099600ef2"
NIL = "0" * 32


def with_session_id(value: str = f"{ALICE};remote={NIL}") -> Request:
    """Return the caller's INVITE with this Session-ID."""
    request = invite()
    request.headers.set("Session-ID", value)
    return request


def names_itself(agent: UserAgent, event: Event) -> None:
    """Answer as `answers` does, with a UUID of its own."""
    match event:
        case RequestReceived(transaction, request) if request.method == "INVITE":
            dialog = agent.dialogs.accept(transaction, agent.contact)
            answer = dialog.reply(request, 200, ANSWER, "application/sdp")
            answer.headers.set("Session-ID", f"{BOB};remote={ALICE}")
            agent.dialogs.answer(dialog, transaction, answer, agent.now)
        case _:
            answers(agent, event)


def session_ids(bench: SwitchBench, destination: tuple[str, int]) -> list[str]:
    """Return the Session-ID of everything the switch has sent to a node."""
    sent = [parse_datagram(data) for _, to, data in bench.messages if to == destination]
    return [message.headers.get("Session-ID") or "" for message in sent]


async def test_rfc7989_both_ends_hear_each_others_uuid_and_their_own() -> None:
    alice, bob = caller(), vendor(names_itself)
    bench = SwitchBench(alice, bob)

    bench.call(alice, with_session_id())
    await asyncio.sleep(5)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert session_ids(bench, VENDOR) == [
        f"{ALICE};remote={NIL}",
        *[f"{ALICE};remote={BOB}"] * 2,
    ]
    assert session_ids(bench, CALLER)[1:] == [f"{BOB};remote={ALICE}"] * 2


async def test_rfc7989_an_end_that_has_no_uuid_is_given_one() -> None:
    """Section 7: it stays the same through the call."""
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice)
    await asyncio.sleep(5)

    (of_bob,) = {value.partition(";")[0] for value in session_ids(bench, CALLER)}
    (of_alice,) = {value.partition(";")[0] for value in session_ids(bench, VENDOR)}
    assert len({of_alice, of_bob, NIL}) == 3
    assert session_ids(bench, CALLER)[-1] == f"{of_bob};remote={of_alice}"


async def test_rfc7989_cancel_and_the_ack_for_a_failure_carry_it() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(180)))
    placed = bench.call(alice, with_session_id())
    await asyncio.sleep(5)

    bench.cancel(alice, placed)
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert session_ids(bench, VENDOR) == [f"{ALICE};remote={NIL}"] * 3


async def test_rfc7989_what_is_no_uuid_counts_as_none() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice, with_session_id("nonsense"))
    await asyncio.sleep(1)

    assert all("nonsense" not in value for value in session_ids(bench, VENDOR))


async def test_rfc7989_a_forwarded_call_keeps_the_names_of_its_ends() -> None:
    """SIG-22: the caller and who answers, whatever stands between them."""
    alice, carol = caller(), UserAgent(PHONE_2, script=names_itself)
    forwarding = {"unconditional": {"numbers": ["2002"]}}
    bench = platform(alice, carol, phones={"2001": {"forwarding": forwarding}, "2002": {}})
    request = to("2001")
    request.headers.set("Session-ID", f"{ALICE};remote={NIL}")

    bench.call(alice, request)
    await asyncio.sleep(5)

    assert session_ids(bench, PHONE_2)[0] == f"{ALICE};remote={NIL}"
    assert session_ids(bench, CALLER)[-1] == f"{BOB};remote={ALICE}"


def test_what_is_never_copied_is_spelled_as_headers_are() -> None:
    """SIG-12: the sets are compared with canonical names."""
    assert {canonical(name) for name in UNDERSTOOD} == UNDERSTOOD
