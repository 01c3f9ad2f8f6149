"""An answered call from INVITE to CDR, between two user agents."""

import asyncio
from datetime import timedelta

import pytest
from support.switch import (
    CALLER,
    CUSTOMER,
    VENDOR,
    SwitchBench,
    answers,
    caller,
    invite,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.sip.outputs import Event, RequestReceived, ResponseReceived


async def test_a_call_is_rung_answered_and_acknowledged_on_both_legs() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "180", "200"]
    assert bench.to(VENDOR) == ["INVITE", "ACK"]
    assert bench.starts(CALLER) == ["INVITE", "ACK"]


async def test_the_caller_hears_100_only_when_auth_knows_it() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())

    bench.call(alice)
    await asyncio.sleep(0.0015)

    assert bench.to(CALLER) == []


async def test_nothing_of_the_callers_dialog_is_seen_by_the_vendor() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice, invite(call_id="secret-call-id"))
    await asyncio.sleep(1)

    outgoing = next(d for _, to, d in bench.messages if to == VENDOR)
    assert b"secret-call-id" not in outgoing
    assert b"tag=alice" not in outgoing
    assert b"Via: SIP/2.0/UDP 10.0.0.1:5060" in outgoing
    assert b"10.0.0.2" not in outgoing.partition(b"\r\n\r\n")[0]


async def test_the_hop_count_goes_on_through_the_switch() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())

    bench.call(alice)
    await asyncio.sleep(1)

    outgoing = next(d for _, to, d in bench.messages if to == VENDOR)
    assert b"Max-Forwards: 69" in outgoing


async def test_the_caller_hangs_up_and_the_cdr_says_so() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(10)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.CALLER_HANGUP
    assert bench.cdr.end_direction is EndDirection.CALLER
    assert bench.cdr.talk == pytest.approx(timedelta(seconds=10), abs=timedelta(milliseconds=10))
    assert bench.cdr.caller_endpoint == CUSTOMER
    assert bench.cdr.attempts[0].outcome == "answered"


async def test_the_callee_hangs_up_and_the_cdr_says_so() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)
    bench.call(alice)
    await asyncio.sleep(1)

    bench.send_in(bob, "BYE")
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.CALLEE_HANGUP
    assert bench.cdr.end_direction is EndDirection.CALLEE


async def test_a_bye_gets_its_200_only_when_the_cdr_is_durable() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)
    bench.cdrs.delay = 0.3

    bench.send_in(alice, "BYE")
    await asyncio.sleep(0.2)

    assert bench.cdr is not None
    assert bench.to(CALLER) == ["100", "180", "200"]
    await asyncio.sleep(0.2)
    assert bench.to(CALLER) == ["100", "180", "200", "200"]


async def test_byes_that_cross_are_both_answered() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)
    bench.call(alice)
    await asyncio.sleep(1)

    bench.send_in(alice, "BYE")
    bench.send_in(bob, "BYE")
    await asyncio.sleep(40)

    byes = [
        e.response.status
        for agent in (alice, bob)
        for e in agent.events_of(ResponseReceived)
        if e.response.method == "BYE"
    ]
    assert byes == [200, 200]
    assert len(bench.cdrs.cdrs) == 1


async def test_bye_carries_the_q850_cause_of_a_normal_end() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    bye = next(d for _, to, d in bench.messages if to == VENDOR and d.startswith(b"BYE"))
    assert b"Reason: Q.850;cause=16" in bye


async def test_nothing_is_left_of_a_call_that_has_ended() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(60)

    assert bench.switch.calls == {}
    assert bench.switch.dialogs == 0
    assert len(bench.switch.transactions) == 0
    assert bench.routing.seats == set()
    assert bench.cdrs.journal == {}


async def test_an_answered_call_is_in_the_journal_until_it_ends() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())

    bench.call(alice)
    await asyncio.sleep(1)

    assert list(bench.cdrs.journal) == list(bench.switch.calls)


async def test_sig08_a_caller_that_never_acknowledges_is_hung_up_as_session_timeout() -> None:
    deaf = caller(acknowledges=False)
    bench = SwitchBench(deaf, vendor())

    bench.call(deaf)
    await asyncio.sleep(60)

    assert bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.cdr.end_direction is EndDirection.SERVER


async def test_a_bye_for_a_call_that_is_not_here_gets_481() -> None:
    alice = caller()
    bench = SwitchBench(alice)

    bench.call(alice, alice.request("BYE", to_tag="nobody"))
    await asyncio.sleep(1)

    assert alice.statuses() == [481]


async def test_an_invite_without_an_offer_gets_the_vendors_and_its_ack_takes_the_answer_along() -> (
    None
):
    alice, bob = caller(answers_offers=True), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice, invite(body=b""))
    await asyncio.sleep(1)

    ack = next(d for _, to, d in bench.messages if to == VENDOR and d.startswith(b"ACK"))
    assert b"m=audio 4000" in ack
    assert bench.to(VENDOR) == ["INVITE", "ACK"]


async def test_a_callee_whose_bye_overtakes_its_answer_has_hung_up() -> None:
    def answers_late_and_is_gone(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                ringing = dialog.reply(request, 180)
                agent.transactions.respond(transaction, ringing, agent.now)
                agent.send_in(dialog, "BYE")

    alice, bob = caller(), vendor(answers_late_and_is_gone)
    bench = SwitchBench(alice, bob)

    bench.call(alice)
    await asyncio.sleep(1)

    assert bob.statuses() == [200]
    assert bench.cdr.answer_time is None
    assert bench.cdr.attempts[0].outcome == "hung up at once"


async def test_the_caller_hears_of_a_quick_hang_up_after_its_answer() -> None:
    def is_gone_at_once(agent: UserAgent, event: Event) -> None:
        answers(agent, event)
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            (dialog,) = agent.dialogs
            agent.send_in(dialog, "BYE")

    alice, bob = UserAgent(CALLER), vendor(is_gone_at_once)
    bench = SwitchBench(alice, bob)

    bench.call(alice)
    await asyncio.sleep(20)

    assert bench.to(CALLER).count("200") > 2
    assert "BYE" not in bench.to(CALLER)
