"""An established call: hold, codec change, INFO, glare, forks, silence."""

import asyncio
import gc
from datetime import timedelta

import pytest
from support.descriptions import answering
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    VENDOR,
    OneAddress,
    SwitchBench,
    answers,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call import Call
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.events import AudioBack, AudioMissing, MediaLost, Silence
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.policy import LegPolicy, MediaCheck, MediaProxy
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.calls.services import ConnectMedia
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)
from trunkline_signaling.sip.sdp import Direction, SessionDescription

HOLD = OFFER.replace(b"alice 1 1", b"alice 1 2") + b"a=sendonly\r\n"


async def established(
    mode: MediaProxy = MediaProxy.OFF, script: object = None
) -> tuple[UserAgent, UserAgent, SwitchBench]:
    """Return both ends of an answered call and the switch between them."""
    settings = CallSettings("signaling-1", OneAddress(), relay=RelayParameters(mode=mode))
    alice, bob = caller(), vendor(script)  # type: ignore[arg-type]
    bench = SwitchBench(alice, bob, settings=settings)
    bench.call(alice)
    await asyncio.sleep(1)
    return alice, bob, bench


def requests_at(agent: UserAgent, method: str) -> list[DialogRequestReceived]:
    """Return the in-dialog requests of one method that an agent got."""
    return [e for e in agent.events_of(DialogRequestReceived) if e.request.method == method]


async def test_hold_goes_through_to_the_other_side_and_its_answer_back() -> None:
    alice, bob, bench = await established()

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(1)

    (hold,) = requests_at(bob, "INVITE")
    assert b"a=sendonly" in hold.request.body
    assert alice.statuses()[-1] == 200
    assert bench.to(VENDOR)[-1] == "ACK"
    assert len(bench.switch.calls) == 1


async def test_the_callee_can_hold_too() -> None:
    alice, bob, bench = await established()

    bench.send_in(bob, "INVITE", ANSWER.replace(b"bob 1 1", b"bob 1 2") + b"a=sendonly\r\n")
    await asyncio.sleep(1)

    (hold,) = requests_at(alice, "INVITE")
    assert b"a=sendonly" in hold.request.body
    assert bob.statuses()[-1] == 200


async def test_the_relay_learns_of_a_hold() -> None:
    alice, _, bench = await established(MediaProxy.MUST_ON)

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(1)

    change = [q for q in bench.media.asked if isinstance(q, ConnectMedia)][-1]
    assert change.leg_a is not None
    assert change.leg_a.direction is Direction.SENDONLY
    assert change.leg_a.relearn


async def test_a_relayed_call_shows_each_side_the_relays_address() -> None:
    _, _, bench = await established(MediaProxy.MUST_ON)

    offer = next(d for _, to, d in bench.messages if to == VENDOR)
    answer = next(d for _, to, d in bench.messages if to == CALLER and b" 200 " in d)
    assert b"c=IN IP4 10.0.0.9" in offer and b"m=audio 10002" in offer
    assert b"c=IN IP4 10.0.0.9" in answer and b"m=audio 10000" in answer
    assert b"10.0.0.3" not in answer.partition(b"\r\n\r\n")[2]


async def test_the_cdr_of_a_relayed_call_has_its_statistics_and_codecs() -> None:
    alice, _, bench = await established(MediaProxy.MUST_ON)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert bench.cdr.media is not None
    assert bench.cdr.media.leg_a.packets == 50
    assert bench.cdr.codecs == ("PCMA", "PCMA")
    assert bench.media.sessions == set()


async def test_an_update_without_a_description_is_answered_here() -> None:
    alice, bob, bench = await established()

    bench.send_in(alice, "UPDATE")
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 200
    assert requests_at(bob, "UPDATE") == []


async def test_a_reinvite_that_changes_nothing_is_answered_here_with_what_we_said_before() -> None:
    alice, bob, bench = await established()

    bench.send_in(alice, "INVITE", OFFER)
    await asyncio.sleep(1)

    assert requests_at(bob, "INVITE") == []
    answers = [d for _, to, d in bench.messages if to == CALLER and b" 200 " in d]
    first, second = (answer.partition(b"\r\n\r\n")[2] for answer in answers)
    assert first == second


@pytest.mark.parametrize(
    ("allow", "method"),
    [("INVITE, ACK, BYE, UPDATE", "UPDATE"), ("INVITE, ACK, BYE", "INVITE")],
    ids=["as UPDATE to who takes it", "as re-INVITE to who doesn't"],
)
async def test_an_update_with_a_description_goes_through(allow: str, method: str) -> None:
    def takes(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            dialog = agent.dialogs.accept(event.transaction, agent.contact)
            answer = dialog.reply(event.request, 200, ANSWER, "application/sdp")
            answer.headers.set("Allow", allow)
            agent.dialogs.answer(dialog, event.transaction, answer, agent.now)
        else:
            answers(agent, event)

    alice, bob, bench = await established(script=takes)

    bench.send_in(alice, "UPDATE", HOLD)
    await asyncio.sleep(1)

    (hold,) = requests_at(bob, method)
    assert b"a=sendonly" in hold.request.body
    assert alice.statuses()[-1] == 200
    assert bench.starts(CALLER) == ["INVITE", "ACK", "UPDATE"]
    assert bench.to(VENDOR).count("ACK") == 1 + (method == "INVITE")


async def test_rfc3261_14_2_an_offer_while_another_is_on_its_way_gets_491() -> None:
    alice, bob, bench = await established(script=hesitant)

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(0.1)
    bench.send_in(bob, "INVITE", ANSWER.replace(b"bob 1 1", b"bob 1 2"))
    await asyncio.sleep(0.1)

    assert bob.statuses()[-1] == 491
    assert len(bench.switch.calls) == 1


def hesitant(agent: UserAgent, event: Event) -> None:
    """Answer calls, but leave a re-INVITE without an answer."""
    if isinstance(event, RequestReceived):
        answers(agent, event)


async def test_a_refused_offer_is_refused_to_its_sender_and_the_call_goes_on() -> None:
    def refuses(agent: UserAgent, event: Event) -> None:
        if isinstance(event, DialogRequestReceived) and event.request.method == "INVITE":
            agent.reply(event, 488)
        else:
            answers(agent, event)

    alice, _, bench = await established(script=refuses)

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 488
    assert len(bench.switch.calls) == 1


async def test_rfc3261_8_2_2_3_an_extension_we_lack_is_refused_inside_the_call_but_no_bye() -> None:
    alice, bob, bench = await established()

    bench.send_in(alice, "INVITE", HOLD, Require="precondition")
    await asyncio.sleep(1)
    assert alice.statuses()[-1] == 420
    assert requests_at(bob, "INVITE") == []
    bench.send_in(alice, "BYE", Require="precondition")
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 200
    assert bench.switch.calls == {}


async def test_sig08_a_side_that_does_not_answer_a_reinvite_ends_the_call() -> None:
    alice, _, bench = await established(script=hesitant)

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(60)

    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.to(CALLER)[-1] in ("BYE", "408")


async def test_info_is_passed_on_with_its_body_and_answered_by_the_other_side() -> None:
    alice, bob, bench = await established()

    bench.send_in(alice, "INFO", b"Signal=5\r\nDuration=160\r\n")
    await asyncio.sleep(1)

    (info,) = requests_at(bob, "INFO")
    assert info.request.body == b"Signal=5\r\nDuration=160\r\n"
    assert alice.statuses()[-1] == 200


async def test_a_method_we_do_not_do_gets_405_with_those_we_do() -> None:
    alice, _, bench = await established()

    bench.send_in(alice, "SUBSCRIBE")
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 405
    refusal = next(d for _, to, d in bench.messages if to == CALLER and b" 405 " in d)
    assert b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE" in refusal


async def test_med09_an_offer_of_fax_is_refused_unless_both_sides_allow_it() -> None:
    alice, bob, bench = await established()
    fax = (
        b"v=0\r\no=alice 1 2 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\n"
        b"m=image 4002 udptl t38\r\n"
    )

    bench.send_in(alice, "INVITE", fax)
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 488
    assert requests_at(bob, "INVITE") == []


@pytest.mark.parametrize(("t38", "status"), [(False, 488), (True, 200)], ids=["off", "on"])
async def test_med09_a_call_that_begins_with_fax_goes_by_the_same_rule(
    t38: bool, status: int
) -> None:
    fax = ANSWER.replace(b"m=audio 6000 RTP/AVP 8", b"m=image 4002 udptl t38")
    alice = caller()
    bench = SwitchBench(alice, vendor(answering(fax)))
    bench.routing.plan = plan(candidate(leg_b=LegPolicy(t38=t38)), leg_a=LegPolicy(t38=True))

    bench.call(alice, invite(fax))
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == status
    assert ("INVITE" in bench.to(VENDOR)) is t38


@pytest.mark.parametrize("side", [Side.A, Side.B])
async def test_med08_silence_ends_the_call_as_media_timeout(side: Side) -> None:
    _, _, bench = await established(MediaProxy.MUST_ON)

    bench.switch.tell(next(iter(bench.switch.calls)), Silence(side, MediaCheck.RECEIVED))
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.MEDIA_TIMEOUT
    assert bench.cdr.end_direction is EndDirection.SERVER


async def test_audio_that_is_missing_is_noted_and_the_call_goes_on() -> None:
    _, _, bench = await established(MediaProxy.MUST_ON)
    call_id = next(iter(bench.switch.calls))
    lost, span = MediaCheck.SENT, timedelta(seconds=10)

    bench.switch.tell(call_id, AudioMissing(Side.A, lost, span, dead_air=False))
    bench.switch.tell(call_id, AudioBack(Side.A, lost, 2 * span))

    assert "one-way audio: no RTP to leg A for 10.0 s" in bench.observer.notes
    assert "audio is back: no RTP to leg A for 20.0 s" in bench.observer.notes
    assert call_id in bench.switch.calls


async def test_a_lost_media_session_ends_the_call() -> None:
    _, _, bench = await established(MediaProxy.MUST_ON)

    bench.switch.tell(next(iter(bench.switch.calls)), MediaLost("instance died"))
    await asyncio.sleep(1)

    assert bench.cdr.reason is CallEndReason.MEDIA_TIMEOUT


async def test_of_two_forks_the_first_to_answer_has_the_call_and_the_other_gets_bye() -> None:
    def forks(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            for _ in range(2):
                dialog = agent.dialogs.accept(event.transaction, agent.contact)
                answer = dialog.reply(event.request, 200, ANSWER, "application/sdp")
                agent.dialogs.answer(dialog, event.transaction, answer, agent.now)
        else:
            answers(agent, event)

    _, _, bench = await established(script=forks)

    assert bench.to(VENDOR).count("ACK") == 2
    assert bench.to(VENDOR).count("BYE") == 1
    assert len(bench.switch.calls) == 1
    assert bench.to(CALLER) == ["100", "200"]


async def test_the_versions_of_our_descriptions_grow_by_one_with_each_change() -> None:
    alice, _, bench = await established()

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(1)

    bodies = [
        d.partition(b"\r\n\r\n")[2]
        for _, to, d in bench.messages
        if to == VENDOR and d.startswith(b"INVITE")
    ]
    origins = [SessionDescription.parse(body).origin for body in bodies]
    assert [origin.version for origin in origins] == [1, 2]
    assert len({origin.session_id for origin in origins}) == 1


async def test_the_relay_is_told_whose_silence_ends_the_call() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.routing.plan = plan(leg_a=LegPolicy(media_check=MediaCheck.RECEIVED))

    bench.call(alice)
    await asyncio.sleep(1)

    (answer,) = [q for q in bench.media.asked if isinstance(q, ConnectMedia)]
    assert answer.answered


async def test_a_reinvite_that_is_never_answered_ends_with_its_call() -> None:
    def rings_for_ever(agent: UserAgent, event: Event) -> None:
        if isinstance(event, DialogRequestReceived) and event.request.method == "INVITE":
            agent.reply(event, 100)
        else:
            answers(agent, event)

    alice, _, bench = await established(script=rings_for_ever)
    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(5)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(300)

    assert "CANCEL" in bench.to(VENDOR)
    assert len(bench.switch.transactions) == 0


async def test_a_fork_that_answers_after_the_end_of_the_call_is_acknowledged_and_ended() -> None:
    late: list[RequestReceived] = []

    def forks(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            late.append(event)
        answers(agent, event)

    alice, bob, bench = await established(script=forks)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)
    assert bench.switch.calls == {}

    bob.now = asyncio.get_running_loop().time()
    transaction = late[0].transaction
    dialog = bob.dialogs.accept(transaction, bob.contact)
    answer = dialog.reply(transaction.request, 200, ANSWER, "application/sdp")
    bob.dialogs.answer(dialog, transaction, answer, bob.now)
    bench.pump(bob)
    await asyncio.sleep(1)

    assert bench.to(VENDOR)[-2:] == ["ACK", "BYE"]
    assert bench.switch.dialogs == 0


async def test_rfc3261_15_a_bye_to_the_caller_waits_for_the_ack_of_our_200() -> None:
    slow = caller(acknowledges=False)
    bench = SwitchBench(slow, bob := vendor())
    bench.call(slow)
    await asyncio.sleep(0.2)

    bench.send_in(bob, "BYE")
    await asyncio.sleep(0.2)
    assert "BYE" not in bench.to(CALLER)
    assert bench.cdr.reason is CallEndReason.CALLEE_HANGUP
    assert bob.statuses()[-1] == 200
    bench.acknowledge(slow)
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.switch.calls == {}


async def test_rfc3261_15_a_bye_that_waits_goes_when_no_ack_will_come() -> None:
    deaf = caller(acknowledges=False)
    bench = SwitchBench(deaf, bob := vendor())
    bench.call(deaf)
    await asyncio.sleep(0.2)

    bench.send_in(bob, "BYE")
    await asyncio.sleep(40)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.switch.calls == {}
    assert len(bench.cdrs.cdrs) == 1


async def test_rfc3261_15_a_caller_that_goes_by_itself_gets_no_bye() -> None:
    deaf = caller(acknowledges=False)
    bench = SwitchBench(deaf, bob := vendor())
    bench.call(deaf)
    await asyncio.sleep(0.2)

    deaf.dialogs.establish(deaf.events_of(ResponseReceived)[-1])

    bench.send_in(bob, "BYE")
    await asyncio.sleep(0.2)
    bench.send_in(deaf, "BYE")
    await asyncio.sleep(60)

    assert "BYE" not in bench.to(CALLER)
    answers = [event.response for event in deaf.events_of(ResponseReceived)]
    assert [answer.status for answer in answers if answer.method == "BYE"] == [200]
    assert bench.switch.dialogs == 0


async def test_a_switch_that_must_go_waits_for_the_ack_before_its_last_bye() -> None:
    slow = caller(acknowledges=False)
    bench = SwitchBench(slow, vendor())
    bench.call(slow)
    await asyncio.sleep(0.2)

    closing = asyncio.ensure_future(bench.switch.close("must go"))
    await asyncio.sleep(1)
    assert bench.switch.calls == {}
    assert not closing.done()
    bench.acknowledge(slow)
    async with asyncio.timeout(0.1):
        await closing

    assert bench.to(CALLER)[-1] == "BYE"


@pytest.mark.parametrize("end", ["no ACK", "BYE of the vendor", "BYE of the caller"])
async def test_rfc3261_13_2_2_4_an_offer_that_is_never_answered_is_refused_in_the_ack(
    end: str,
) -> None:
    alice, bob = caller(acknowledges=False), vendor()
    bench = SwitchBench(alice, bob)
    bench.call(alice, invite(body=b""))
    await asyncio.sleep(0.2)
    assert "ACK" not in bench.to(VENDOR)

    if end == "BYE of the vendor":
        bench.send_in(bob, "BYE")
    elif end == "BYE of the caller":
        alice.dialogs.establish(alice.events_of(ResponseReceived)[-1])
        bench.send_in(alice, "BYE")
    await asyncio.sleep(60)

    ack = next(d for _, to, d in bench.messages if to == VENDOR and d.startswith(b"ACK"))
    assert b"m=audio 0 RTP/AVP 8" in ack
    assert bench.to(VENDOR)[1] == "ACK"
    assert ("BYE" in bench.to(VENDOR)) is (end != "BYE of the vendor")
    assert bench.switch.calls == {}
    assert len(bench.cdrs.cdrs) == 1


async def test_an_ack_without_the_answer_that_it_owes_ends_the_call() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)

    bench.call(alice, invite(body=b""))
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.CODEC_MISMATCH


async def test_an_ended_call_needs_no_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        alice, _, bench = await established()
        bench.send_in(alice, "BYE")
        await asyncio.sleep(1)

        assert not [o for o in gc.get_objects() if isinstance(o, Call)]
    finally:
        gc.enable()
