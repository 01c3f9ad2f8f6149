"""Calls that a phone hands over by REFER, the real routing deciding (SIG-21)."""

import asyncio
from typing import Any

import pytest
from support.platform import PHONE_1, PHONE_2, cdr_to, phone, platform, to
from support.routed_switch import RoutedBench
from support.switch import ANSWER, CALLER, VENDOR, answers, answers_with, caller, vendor
from support.transfers import ELSEWHERE, MAY, last_status, refer, told
from support.user_agent import UserAgent
from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline_signaling.calls.events import HangUp
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.rpc.calls import encode_call
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)


def pick_up(bench: RoutedBench, agent: UserAgent) -> None:
    """Let an agent answer the call that it has."""
    agent.now = asyncio.get_running_loop().time()
    (call,) = agent.events_of(RequestReceived)
    dialog = agent.dialogs.accept(call.transaction, agent.contact)
    answer = dialog.reply(call.request, 200, ANSWER, "application/sdp")
    agent.dialogs.answer(dialog, call.transaction, answer, agent.now)
    bench.pump(agent)


async def talking(*agents: UserAgent, phones: dict[str, Any]) -> tuple[RoutedBench, UserAgent]:
    """Return a switch on which the customer talks to phone 2001, and the customer."""
    alice = caller()
    bench = platform(alice, *agents, phones=phones)
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    return bench, alice


async def test_a_transfer_to_a_busy_phone_leaves_the_call_as_it_is() -> None:
    """SIG-21, acceptance: NOTIFY 486, and A and B talk on."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phone(PHONE_2, 486), phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)

    assert last_status(bob) == 202
    assert told(bench) == ["100 Trying", "486 Busy Here"]
    assert "BYE" not in bench.to(PHONE_1) + bench.to(CALLER)
    (call,) = bench.switch.calls.values()
    assert encode_call(call).transfer == pb.TRANSFER_STATE_FAILED


async def test_a_notify_says_which_subscription_it_is_of_and_when_that_ends() -> None:
    """RFC 3515 section 2.4."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phone(PHONE_2, 486), phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)

    first, last = bench.requests(PHONE_1, "NOTIFY")
    assert first.headers.get("Event") == last.headers.get("Event") == "refer;id=1"
    assert first.headers.get("Content-Type") == "message/sipfrag;version=2.0"
    assert first.headers.get("Subscription-State") == "active;expires=180"
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"


async def test_a_blind_transfer_bridges_and_lets_the_transferor_go() -> None:
    """SIG-21: 202, NOTIFY 100 to 200, a new leg billed to the transferring phone, BYE to it."""
    bob, carol = phone(PHONE_1), phone(PHONE_2)
    bench, alice = await talking(bob, carol, phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)
    listed = [encode_call(call).transfer for call in bench.switch.calls.values()]
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert told(bench) == ["100 Trying", "180 Ringing", "200 OK"]
    assert bench.to(PHONE_1)[-1] == "BYE"
    assert bench.to(PHONE_2) == ["INVITE", "ACK", "BYE"]
    assert listed == [pb.TRANSFER_STATE_TRANSFERRED, pb.TRANSFER_STATE_UNSPECIFIED]
    first, second = cdr_to(bench, "2001"), cdr_to(bench, "2002")
    assert (first.account, second.account) == ("acme", "tenant")
    assert second.payer is EndpointKind.PHONE
    assert first.talk > second.talk
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_who_stays_is_invited_again_with_the_new_sides_session() -> None:
    """SIG-21: re-INVITE; media goes straight to the new side."""
    bob, carol = phone(PHONE_1), vendor(answers_with(ELSEWHERE))
    bench, alice = await talking(bob, carol, phones={"2001": MAY})
    held = alice.events_of(DialogRequestReceived)

    refer(bench, bob, "<sip:4420@10.0.0.1>")
    await asyncio.sleep(5)

    assert held == []
    (again,) = [e.request for e in alice.events_of(DialogRequestReceived)]
    assert again.method == "INVITE"
    assert b"m=audio 7000" in again.body
    (sent,) = bench.requests(VENDOR)
    assert b"m=audio 4000" in sent.body
    assert b"sendrecv" in sent.body


async def test_a_relay_that_is_there_gets_to_know_the_new_side() -> None:
    """SIG-21: Connect to the relay; the ports stay."""
    bob = phone(PHONE_1)
    relayed = {**MAY, "media": {"proxy": "mustOn"}}
    bench, _ = await talking(bob, phone(PHONE_2), phones={"2001": relayed, "2002": {}})
    opened = len(bench.media.sessions)

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)

    (sent,) = bench.requests(PHONE_2)
    assert b"m=audio 10002" in sent.body
    assert opened == 1
    assert bench.media.asked[-1].leg_b.remote == ("10.0.0.3", 6000)  # type: ignore[union-attr]


@pytest.mark.parametrize("transfer", [{}, {"allowed": False}])
async def test_a_phone_that_may_not_transfer_is_refused(transfer: dict[str, Any]) -> None:
    """SIG-21: off -> 403."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phone(PHONE_2), phones={"2001": {"transfer": transfer}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)

    assert last_status(bob) == 403
    assert told(bench) == []


async def test_a_customer_may_not_transfer() -> None:
    """SIG-21: REFER is for phones."""
    bench, alice = await talking(phone(PHONE_1), phones={"2001": MAY})

    refer(bench, alice, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)

    assert last_status(alice) == 403


async def test_a_target_that_the_phone_may_not_call_is_forbidden() -> None:
    """SIG-21: Refer-To to an unauthorised destination -> NOTIFY 403."""
    bob = phone(PHONE_1)
    checks = {"calleePrefixes": {"mode": "deny", "prefixes": ["44"]}}
    bench, _ = await talking(bob, vendor(), phones={"2001": {**MAY, "checks": checks}})

    refer(bench, bob, "<sip:4420@10.0.0.1>")
    await asyncio.sleep(1)

    assert told(bench) == ["100 Trying", "403 Forbidden"]
    assert bench.to(VENDOR) == []


@pytest.mark.parametrize(
    "refer_to",
    [
        pytest.param("<mailto:bob@example.com>", id="another scheme"),
        pytest.param("<sip:", id="malformed"),
        pytest.param("<sip:1@x>, <sip:2@x>", id="two of them"),
    ],
)
async def test_a_refer_to_of_no_use_is_400(refer_to: str) -> None:
    """RFC 3515 section 2.4.2."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phones={"2001": MAY})

    refer(bench, bob, refer_to)
    await asyncio.sleep(1)

    assert last_status(bob) == 400


async def test_one_transfer_at_a_time() -> None:
    """SIG-21."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phone(PHONE_2, 180), phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)
    refer(bench, bob, "<sip:4420@10.0.0.1>")
    await asyncio.sleep(1)

    assert last_status(bob) == 491
    (call, _new) = bench.switch.calls.values()
    assert encode_call(call).transfer == pb.TRANSFER_STATE_TRANSFERRING


@pytest.mark.parametrize(
    ("display", "parameter", "shown"),
    [
        pytest.param(None, "Original", "1001", id="the one who is handed over"),
        pytest.param(None, "Local", "2001", id="the phone, by parameter"),
        pytest.param("local", "Original", "2001", id="the phone, by its own field"),
    ],
)
async def test_the_target_sees_whom_phone_and_parameter_say(
    display: str | None, parameter: str, shown: str
) -> None:
    """SIG-21: SS_CALL_TRANSFER_NORMAL_DISPLAY."""
    alice, bob = caller(), phone(PHONE_1)
    transfer = {"allowed": True, "display": display}
    bench = platform(
        alice,
        bob,
        vendor(),
        parameters={"SS_CALL_TRANSFER_NORMAL_DISPLAY": parameter},
        phones={"2001": {"transfer": transfer}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)

    refer(bench, bob, "<sip:4420@10.0.0.1>")
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    assert str(sent.headers.from_.uri) == f"sip:{shown}@10.0.0.1"


async def test_a_phone_that_has_called_may_hand_its_callee_over() -> None:
    """SIG-21: the transferor is the caller."""
    alice, bob, carol = caller(), vendor(), phone(PHONE_2)
    bench = platform(alice, bob, carol, phones={"2001": MAY, "2002": {}})
    bench.auth.decision = Allowed(Endpoint(EndpointKind.PHONE, "2001"))
    bench.call(alice, to("4420"))
    await asyncio.sleep(5)

    refer(bench, alice, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)
    bench.send_in(carol, "BYE")
    await asyncio.sleep(1)

    assert told(bench, CALLER) == ["100 Trying", "180 Ringing", "200 OK"]
    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.to(VENDOR) == ["INVITE", "ACK", "INVITE", "ACK", "BYE"]
    (sent,) = bench.requests(PHONE_2)
    assert str(sent.headers.from_.uri) == "sip:4420@10.0.0.1"
    assert [cdr.account for cdr in bench.cdrs.cdrs] == ["tenant", "tenant"]
    assert not bench.switch.calls


async def test_a_transferor_that_does_not_wait_is_let_go() -> None:
    """SIG-21: BYE after 202; the new side still gets the call."""
    bob, carol = phone(PHONE_1), phone(PHONE_2, 180)
    bench, alice = await talking(bob, carol, phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)
    bench.send_in(bob, "BYE")
    await asyncio.sleep(1)
    pick_up(bench, carol)
    await asyncio.sleep(1)

    assert last_status(bob) == 200
    assert bench.to(PHONE_2) == ["INVITE", "ACK"]
    assert "BYE" not in bench.to(CALLER)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)
    assert not bench.switch.calls


async def test_nobody_is_left_where_the_transferor_is_gone_and_the_target_refuses() -> None:
    """SIG-21: the call ends, as its transferor has hung up."""
    bob = phone(PHONE_1)
    bench, _ = await talking(bob, phone(PHONE_2, 180), phones={"2001": MAY, "2002": {}})

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)
    bench.send_in(bob, "BYE")
    await asyncio.sleep(200)

    assert bench.to(CALLER)[-1] == "BYE"
    assert cdr_to(bench, "2001").reason is CallEndReason.CALLEE_HANGUP
    assert not bench.switch.calls


@pytest.mark.parametrize("by", ["caller", "operator"])
async def test_a_call_that_ends_takes_its_transfer_with_it(by: str) -> None:
    """SIG-21: transfer cancelled."""
    bob = phone(PHONE_1)
    bench, alice = await talking(bob, phone(PHONE_2, 180), phones={"2001": MAY, "2002": {}})
    call, *_ = bench.switch.calls.values()
    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(1)

    if by == "caller":
        bench.send_in(alice, "BYE")
    else:
        bench.switch.tell(call.id, HangUp("ended by an operator"))
    await asyncio.sleep(1)

    assert bench.to(PHONE_2) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(PHONE_1)[-1] == "BYE"
    assert encode_call(call).transfer == pb.TRANSFER_STATE_CANCELLED
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_a_re_invite_that_meets_another_is_sent_again() -> None:
    """RFC 3261 section 14.1: 491."""
    bob, carol = phone(PHONE_1), UserAgent(PHONE_2, script=answers_with(ELSEWHERE))
    refused: list[Event] = []

    def once_pending(agent: UserAgent, event: Event) -> None:
        match event:
            case ResponseReceived(transaction, response) if response.is_success:
                if transaction.request.method == "INVITE":
                    agent.acknowledge(event)
            case DialogRequestReceived(_, _, request) if request.method == "INVITE" and not refused:
                refused.append(event)
                agent.reply(event, 491)
            case DialogRequestReceived():
                answers(agent, event)

    alice = UserAgent(CALLER, script=once_pending)
    bench = platform(alice, bob, carol, phones={"2001": MAY, "2002": {}})
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)

    refer(bench, bob, "<sip:2002@10.0.0.1>")
    await asyncio.sleep(5)

    assert bench.to(CALLER)[-4:] == ["INVITE", "ACK", "INVITE", "ACK"]
    assert len(bench.switch.calls) == 2
