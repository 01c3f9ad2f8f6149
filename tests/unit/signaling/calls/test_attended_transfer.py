"""A phone that has talked to the target already hands its call over (SIG-21, RFC 3891)."""

import asyncio

import pytest
from support.platform import PHONE_1
from support.switch import CALLER, VENDOR, answers, answers_with, caller, vendor
from support.transfers import ELSEWHERE, both_ways, consulted, dialogs_of, refer, replacing, told
from support.user_agent import UserAgent
from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline_signaling.rpc.calls import encode_call
from trunkline_signaling.sip.outputs import DialogRequestReceived, Event, ResponseReceived


async def test_an_attended_transfer_bridges_the_two_calls() -> None:
    """SIG-21: REFER with Replaces (RFC 3891)."""
    alice, bob, carol = caller(), UserAgent(PHONE_1, script=both_ways), vendor()
    bench = await consulted(alice, bob, carol)
    first, second = dialogs_of(bob)

    refer(bench, bob, replacing(second), first)
    await asyncio.sleep(5)
    calls = len(bench.switch.calls)
    states = {encode_call(call).transfer for call in bench.switch.calls.values()}
    bench.send_in(carol, "BYE")
    await asyncio.sleep(1)

    assert calls == 2
    assert states == {pb.TRANSFER_STATE_TRANSFERRED}
    assert told(bench) == ["100 Trying", "200 OK"]
    assert bench.to(PHONE_1).count("BYE") == 2
    assert bench.to(VENDOR) == ["INVITE", "ACK", "INVITE", "ACK", "200"]
    assert bench.to(CALLER)[-1] == "BYE"
    assert [cdr.account for cdr in bench.cdrs.cdrs] == ["tenant", "acme"]
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_the_two_who_are_bridged_hear_each_others_sessions() -> None:
    """SIG-21, RFC 3264."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)
    carol = vendor(answers_with(ELSEWHERE))
    bench = await consulted(alice, bob, carol)
    first, second = dialogs_of(bob)

    refer(bench, bob, replacing(second), first)
    await asyncio.sleep(5)

    assert b"m=audio 4000" in bench.requests(VENDOR)[-1].body
    assert b"m=audio 7000" in bench.requests(CALLER)[-1].body


def unacknowledging(agent: UserAgent, event: Event) -> None:
    """Answer calls, and leave the answers to one's own without their ACK."""
    if isinstance(event, ResponseReceived) and event.transaction.request.method == "INVITE":
        if event.response.is_success:
            agent.dialogs.establish(event)
    else:
        both_ways(agent, event)


def answers_to(agent: UserAgent, method: str) -> list[ResponseReceived]:
    """Return the responses that an agent got to its requests of a method."""
    events = agent.events_of(ResponseReceived)
    return [event for event in events if event.transaction.request.method == method]


async def test_the_bye_to_a_leg_that_was_replaced_waits_for_its_ack() -> None:
    """SIG-21, RFC 3261 section 15: nobody ends a dialog whose 2xx has no ACK yet."""
    alice, bob = caller(), UserAgent(PHONE_1, script=unacknowledging)
    bench = await consulted(alice, bob, vendor())
    first, second = dialogs_of(bob)
    refer(bench, bob, replacing(second), first)
    await asyncio.sleep(1)
    before = [bye.headers.call_id for bye in bench.requests(PHONE_1, "BYE")]

    invite, *_ = (event.transaction for event in answers_to(bob, "INVITE"))
    bob.transactions.send_ack(invite, second.ack(invite.request), second.flow)
    bench.pump(bob)
    await asyncio.sleep(1)

    assert before == [first.call_id]
    assert [bye.headers.call_id for bye in bench.requests(PHONE_1, "BYE")] == [
        first.call_id,
        second.call_id,
    ]
    assert len(bench.switch.calls) == 2


@pytest.mark.parametrize("hangs_up", [True, False], ids=["it leaves by itself", "it says nothing"])
async def test_a_leg_that_was_replaced_and_never_acknowledges_is_let_go(hangs_up: bool) -> None:
    """RFC 3261 sections 13.3.1.4 and 15; the call that goes on hears nothing of it."""
    alice, bob = caller(), UserAgent(PHONE_1, script=unacknowledging)
    bench = await consulted(alice, bob, vendor())
    first, second = dialogs_of(bob)
    refer(bench, bob, replacing(second), first)
    await asyncio.sleep(1)

    if hangs_up:
        bob.now = asyncio.get_running_loop().time()
        bob.send_in(second, "BYE")
        bench.pump(bob)
    await asyncio.sleep(60)

    byes = [bye.headers.call_id for bye in bench.requests(PHONE_1, "BYE")]
    assert byes == [first.call_id] if hangs_up else [first.call_id, second.call_id]
    assert [event.response.status for event in answers_to(bob, "BYE")] == [200] * hangs_up
    assert len(bench.switch.calls) == 2
    assert bench.switch.dialogs == 4


@pytest.mark.parametrize("to_tag", [None, "nobody"])
async def test_only_a_dialog_of_the_transferor_can_be_replaced(to_tag: str | None) -> None:
    """RFC 3891 section 3: 481; both calls go on."""
    alice, bob, carol = caller(), UserAgent(PHONE_1, script=both_ways), vendor()
    bench = await consulted(alice, bob, carol)
    first, second = dialogs_of(bob)
    (of_alice,) = alice.dialogs
    foreign = second if to_tag else of_alice

    refer(bench, bob, replacing(foreign, to_tag), first)
    await asyncio.sleep(5)

    assert told(bench) == ["100 Trying", "481 Call/Transaction Does Not Exist"]
    assert len(bench.switch.calls) == 2
    assert "BYE" not in bench.to(CALLER) + bench.to(PHONE_1) + bench.to(VENDOR)


async def test_a_target_that_refuses_the_session_stays_with_the_transferor() -> None:
    """SIG-21: failure keeps the old calls."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)

    def only_once(agent: UserAgent, event: Event) -> None:
        again = isinstance(event, DialogRequestReceived) and event.request.method == "INVITE"
        if again:
            assert isinstance(event, DialogRequestReceived)
            agent.reply(event, 488)
        else:
            answers(agent, event)

    bench = await consulted(alice, bob, UserAgent(VENDOR, script=only_once))
    first, second = dialogs_of(bob)

    refer(bench, bob, replacing(second), first)
    await asyncio.sleep(5)

    assert told(bench) == ["100 Trying", "488 Not Acceptable Here"]
    assert "BYE" not in bench.to(CALLER) + bench.to(PHONE_1) + bench.to(VENDOR)
    assert len(bench.switch.calls) == 2
