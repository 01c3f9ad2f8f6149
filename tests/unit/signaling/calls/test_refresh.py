"""Session timers of whole calls: refreshes, glare, silence, callers without (SIG-03 to SIG-06)."""

import asyncio

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    VENDOR,
    OneAddress,
    Script,
    SwitchBench,
    caller,
    candidate,
    invite,
    plan,
    vendor,
)
from support.timer_peers import (
    METHODS,
    SILENT,
    keeping,
    timer_caller,
    timer_headers,
    timer_invite,
    timer_vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.media_policy import Prompts
from trunkline_signaling.calls.policy import Credentials, LegPolicy
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.session_timer import DEFAULT_TIMERS, TimerParameters
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import Event, RequestReceived
from trunkline_signaling.sip.parser import parse_datagram

NO_TIMER = LegPolicy(session_timer=False)
HOLD = ANSWER.replace(b"bob 1 1", b"bob 1 2") + b"a=sendonly\r\n"


async def talking(
    alice: UserAgent | None = None,
    bob: UserAgent | None = None,
    request: Request | None = None,
    timers: TimerParameters = DEFAULT_TIMERS,
) -> tuple[UserAgent, UserAgent, SwitchBench]:
    """Return both ends of an answered call, with timers unless told otherwise."""
    alice, bob = alice or timer_caller(), bob or timer_vendor()
    settings = CallSettings("signaling-1", OneAddress(), timers=timers)
    bench = SwitchBench(alice, bob, settings=settings)
    bench.call(alice, request or timer_invite())
    await asyncio.sleep(1)
    return alice, bob, bench


def sent(bench: SwitchBench, to: Address, start: str) -> list[Request | Response]:
    """Return the messages of the switch to a node that start with a method or a status."""
    wanted = (f"{start} ".encode(), f"SIP/2.0 {start} ".encode())
    return [parse_datagram(d) for _, at, d in bench.messages if at == to and d.startswith(wanted)]


def refreshes(bench: SwitchBench, to: Address) -> int:
    """Return how many refreshes a node has got."""
    return len(sent(bench, to, "UPDATE")) + sum(
        1 for message in sent(bench, to, "INVITE") if ";tag=" in (message.headers.get("To") or "")
    )


# --- SIG-03: negotiation on each leg by itself ---------------------------------------------------


async def test_sig03_a_a_caller_that_asks_for_30_s_gets_422_and_a_cdr() -> None:
    alice = timer_caller()
    bench = SwitchBench(alice, timer_vendor())

    bench.call(alice, timer_invite(timer_headers(30)))
    await asyncio.sleep(1)

    (refusal,) = sent(bench, CALLER, "422")
    assert refusal.headers.get("Min-SE") == "90"
    assert bench.to(VENDOR) == []
    assert bench.cdr.sip_status == 422
    assert bench.routing.seats == set()


async def test_sig03_a_the_422_waits_for_no_announcement() -> None:
    alice = timer_caller()
    bench = SwitchBench(alice, timer_vendor())
    bench.routing.plan = plan(leg_a=LegPolicy(prompts=Prompts(unable_to_connect=True)))

    bench.call(alice, timer_invite(timer_headers(30)))
    await asyncio.sleep(0.1)

    assert alice.statuses() == [100, 422]


async def test_sig03_b_a_caller_that_asks_for_1800_s_is_answered_with_600() -> None:
    _, _, bench = await talking(request=timer_invite(timer_headers(1800, "uac")))

    (answer,) = sent(bench, CALLER, "200")
    assert answer.headers.get("Session-Expires") == "600;refresher=uac"
    assert answer.headers.get("Require") == "timer"
    assert "UPDATE" in (answer.headers.get("Allow") or "")


async def test_sig03_c_a_vendors_422_is_followed_once_by_the_same_call_with_its_interval() -> None:
    bob = UserAgent(VENDOR, script=wanting(1800))
    _, _, bench = await talking(bob=bob)

    first, second = sent(bench, VENDOR, "INVITE")
    assert second.headers.get("Session-Expires") == second.headers.get("Min-SE") == "1800"
    assert second.headers.call_id == first.headers.call_id
    assert second.headers.cseq.number == first.headers.cseq.number + 1
    assert second.headers.get("From") == first.headers.get("From")
    (attempt,) = next(iter(bench.switch.calls.values())).cdr.attempts
    assert attempt.outcome == "answered"
    assert bench.routing.failed == []


async def test_sig03_a_second_422_of_a_vendor_is_a_failure() -> None:
    bob = UserAgent(VENDOR, script=wanting(1800, 3600))
    _, _, bench = await talking(bob=bob)

    assert len(sent(bench, VENDOR, "INVITE")) == 2
    assert bench.to(CALLER)[-1] == "480"
    (attempt,) = bench.cdr.attempts
    assert attempt.sip_status == 422


def wanting(*intervals: int) -> Script:
    """Return a script that refuses a call for its interval once for each of these, then answers."""
    left, answer = list(intervals), keeping(headers=timer_headers(1800, "uac"))

    def script(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE" and left:
            refusal = event.request.reply(422, to_tag="bob")
            refusal.headers.set("Min-SE", left.pop(0))
            agent.transactions.respond(event.transaction, refusal, agent.now)
        else:
            answer(agent, event)

    return script


async def test_sig03_d_a_gateway_without_timer_sees_no_session_expires() -> None:
    alice = timer_caller()
    bench = SwitchBench(alice, timer_vendor())
    bench.routing.plan = plan(candidate(leg_b=NO_TIMER))

    bench.call(alice, timer_invite())
    await asyncio.sleep(650)

    (offer,) = sent(bench, VENDOR, "INVITE")
    assert not {"Session-Expires", "Min-SE", "Supported"} & set(offer.headers)
    assert refreshes(bench, VENDOR) == 0
    assert refreshes(bench, CALLER) == 2


async def test_sig03_7_a_caller_whose_timer_is_off_is_answered_without() -> None:
    alice = timer_caller()
    bench = SwitchBench(alice, timer_vendor())
    bench.routing.plan = plan(leg_a=NO_TIMER)

    bench.call(alice, timer_invite(timer_headers(30)))
    await asyncio.sleep(1)

    (answer,) = sent(bench, CALLER, "200")
    assert not {"Session-Expires", "Require", "Supported"} & set(answer.headers)


async def test_sig03_7_a_caller_that_requires_a_timer_that_is_off_gets_420() -> None:
    alice = timer_caller()
    bench = SwitchBench(alice, timer_vendor())
    bench.routing.plan = plan(leg_a=NO_TIMER)

    bench.call(alice, timer_invite({**timer_headers(), "Require": "timer"}))
    await asyncio.sleep(1)

    (refusal,) = sent(bench, CALLER, "420")
    assert refusal.headers.get("Unsupported") == "timer"


@pytest.mark.parametrize("name", ["Session-Expires", "Min-SE"])
async def test_sig03_an_interval_that_is_no_number_gets_400(name: str) -> None:
    alice = timer_caller()
    bench = SwitchBench(alice)

    bench.call(alice, timer_invite({**timer_headers(), name: "soon"}))
    await asyncio.sleep(1)

    assert alice.statuses() == [100, 400]


async def test_sig03_each_leg_keeps_its_own_interval() -> None:
    bob = timer_vendor(headers=timer_headers(400, "uac"))
    _, _, bench = await talking(bob=bob, request=timer_invite(timer_headers(200)))

    await asyncio.sleep(410)

    assert len(sent(bench, CALLER, "UPDATE")) == 4
    assert len(sent(bench, VENDOR, "UPDATE")) == 2


async def test_sig03_a_challenge_and_a_422_are_one_attempt() -> None:
    nonces, timer = iter(("first", "second")), wanting(1800)

    def script(agent: UserAgent, event: Event) -> None:
        if (
            isinstance(event, RequestReceived)
            and event.request.method == "INVITE"
            and "Authorization" not in event.request.headers
        ):
            response = event.request.reply(401, to_tag="bob")
            response.headers.set("WWW-Authenticate", f'Digest realm="v", nonce="{next(nonces)}"')
            agent.transactions.respond(event.transaction, response, agent.now)
        else:
            timer(agent, event)

    alice = timer_caller()
    bench = SwitchBench(alice, UserAgent(VENDOR, script=script))
    bench.routing.plan = plan(candidate(credentials=Credentials("acme", "secret")))
    bench.call(alice, timer_invite())
    await asyncio.sleep(1)

    invites = sent(bench, VENDOR, "INVITE")
    assert [i.headers.cseq.number for i in invites] == [1, 2, 3, 4]
    assert bench.to(CALLER)[-1] == "200"


# --- SIG-04: refreshes ---------------------------------------------------------------------------


async def test_sig04_a_both_legs_are_refreshed_by_update_every_300_s() -> None:
    _, _, bench = await talking()

    await asyncio.sleep(298)
    assert (refreshes(bench, CALLER), refreshes(bench, VENDOR)) == (0, 0)
    await asyncio.sleep(2)
    assert (refreshes(bench, CALLER), refreshes(bench, VENDOR)) == (1, 1)
    await asyncio.sleep(600)

    assert len(sent(bench, CALLER, "UPDATE")) == len(sent(bench, VENDOR, "UPDATE")) == 3
    for update in (*sent(bench, CALLER, "UPDATE"), *sent(bench, VENDOR, "UPDATE")):
        assert update.headers.get("Session-Expires") == "600;refresher=uac"
        assert update.body == b""
    assert len(bench.switch.calls) == 1


async def test_sig04_b_a_peer_without_update_gets_a_reinvite_with_the_same_description() -> None:
    headers = timer_headers(allow=METHODS)
    _, _, bench = await talking(bob=timer_vendor(headers=headers), request=timer_invite(headers))

    await asyncio.sleep(601)

    first, *again = sent(bench, VENDOR, "INVITE")
    assert [i.body for i in again] == [first.body] * 2
    (answer,) = sent(bench, CALLER, "200")
    assert [i.body for i in sent(bench, CALLER, "INVITE")] == [answer.body] * 2
    assert bench.to(VENDOR)[-1] == bench.to(CALLER)[-1] == "ACK"


@pytest.mark.parametrize("refusal", [405, 501])
async def test_sig04_3_a_peer_that_refuses_update_gets_reinvites_for_good(refusal: int) -> None:
    _, _, bench = await talking(bob=timer_vendor([refusal]))

    await asyncio.sleep(301)
    assert bench.to(VENDOR)[-3:] == ["UPDATE", "INVITE", "ACK"]
    await asyncio.sleep(300)

    assert bench.to(VENDOR)[-2:] == ["INVITE", "ACK"]
    assert len(sent(bench, VENDOR, "UPDATE")) == 1


async def test_sig04_4_the_answer_to_a_refresh_may_change_the_interval() -> None:
    longer = timer_headers(1200, "uac")
    _, _, bench = await talking(bob=timer_vendor(headers=longer))

    await asyncio.sleep(1201)

    assert len(sent(bench, VENDOR, "UPDATE")) == 2


@pytest.mark.parametrize("refused", ["caller", "vendor"])
async def test_sig04_c_a_491_is_followed_by_another_refresh_within_4_s(refused: str) -> None:
    alice = timer_caller([491] if refused == "caller" else [])
    bob = timer_vendor([491] if refused == "vendor" else [])
    _, _, bench = await talking(alice, bob)
    side = CALLER if refused == "caller" else VENDOR

    await asyncio.sleep(304)

    assert len(sent(bench, side, "UPDATE")) == 2
    assert len(bench.switch.calls) == 1


async def test_sig04_5_a_storm_of_491_ends_with_the_session_and_not_before() -> None:
    _, _, bench = await talking(bob=timer_vendor([491] * 500))

    await asyncio.sleep(597)
    assert len(bench.switch.calls) == 1
    await asyncio.sleep(3)

    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert 300 / 4.0 <= refreshes(bench, VENDOR) <= 300 / 2.1 + 1


async def test_sig04_6_a_481_to_a_refresh_ends_the_call_at_once() -> None:
    _, _, bench = await talking(bob=timer_vendor([481]))

    await asyncio.sleep(300)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.cdr.end_direction is EndDirection.SERVER


async def test_sig04_6_a_422_to_a_refresh_is_followed_by_one_with_its_interval() -> None:
    _, _, bench = await talking(bob=timer_vendor([422], least=1800))

    await asyncio.sleep(301)

    first, second = sent(bench, VENDOR, "UPDATE")
    assert first.headers.get("Session-Expires") == "600;refresher=uac"
    assert second.headers.get("Session-Expires") == "1800;refresher=uac"
    assert second.headers.get("Min-SE") == "1800"
    await asyncio.sleep(800)
    assert len(sent(bench, VENDOR, "UPDATE")) == 2


@pytest.mark.parametrize("status", [408, 500, SILENT])
async def test_sig04_6_a_refresh_that_fails_is_tried_again_at_the_next_interval(
    status: int,
) -> None:
    timers = TimerParameters(segment=3)
    _, _, bench = await talking(bob=timer_vendor([status]), timers=timers)

    await asyncio.sleep(1000)

    assert bench.cdrs.cdrs == []
    assert "200" in bench.starts(VENDOR)[-1]


@pytest.mark.parametrize("dead", ["caller", "vendor"])
async def test_sig04_d_a_peer_that_died_after_the_answer_ends_the_call_at_expiry(dead: str) -> None:
    alice = timer_caller([SILENT] * 9 if dead == "caller" else [])
    bob = timer_vendor([SILENT] * 9 if dead == "vendor" else [])
    _, _, bench = await talking(alice, bob)

    await asyncio.sleep(598)
    assert bench.cdrs.cdrs == []
    await asyncio.sleep(2)

    assert bench.to(CALLER)[-1] == bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.cdr.end_direction is EndDirection.SERVER
    assert bench.cdr.talk.total_seconds() == pytest.approx(600, abs=0.1)


async def test_sig04_1_a_peers_own_refresh_restarts_our_clock() -> None:
    alice, _, bench = await talking()

    await asyncio.sleep(200)
    bench.send_in(alice, "UPDATE")
    await asyncio.sleep(299)
    assert refreshes(bench, CALLER) == 0
    assert refreshes(bench, VENDOR) == 1
    await asyncio.sleep(2)

    assert refreshes(bench, CALLER) == 1


@pytest.mark.parametrize(("method", "body"), [("UPDATE", b""), ("INVITE", OFFER)])
async def test_sig04_7_a_peers_refresh_is_answered_here_with_the_timer(
    method: str, body: bytes
) -> None:
    alice, _, bench = await talking()
    before = bench.to(VENDOR)

    bench.send_in(alice, method, body, Supported="timer", Session_Expires="300;refresher=uac")
    await asyncio.sleep(1)

    answer = sent(bench, CALLER, "200")[-1]
    assert answer.headers.get("Session-Expires") == "300;refresher=uac"
    assert answer.headers.get("Require") == "timer"
    assert bench.to(VENDOR) == before
    await asyncio.sleep(150)
    assert refreshes(bench, CALLER) == 1


async def test_sig04_7_a_peers_refresh_with_too_short_an_interval_gets_422() -> None:
    alice, _, bench = await talking()

    bench.send_in(alice, "UPDATE", Supported="timer", Session_Expires="30")
    await asyncio.sleep(1)

    (refusal,) = sent(bench, CALLER, "422")
    assert refusal.headers.get("Min-SE") == "90"
    assert len(bench.switch.calls) == 1


@pytest.mark.parametrize(
    ("method", "body", "allow"),
    [("UPDATE", b"", f"{METHODS}, UPDATE"), ("INVITE", ANSWER, METHODS), ("UPDATE", HOLD, METHODS)],
    ids=["UPDATE and UPDATE", "re-INVITE and re-INVITE", "an offer and our re-INVITE"],
)
async def test_sig04_7_a_peers_request_that_crosses_our_refresh_gets_491(
    method: str, body: bytes, allow: str
) -> None:
    bob = timer_vendor([SILENT], headers=timer_headers(allow=allow))
    _, _, bench = await talking(bob=bob)
    await asyncio.sleep(299.5)
    assert refreshes(bench, VENDOR) == 1

    bench.send_in(bob, method, body)
    await asyncio.sleep(0.1)

    assert bob.statuses()[-1] == 491
    assert len(bench.switch.calls) == 1


async def test_sig04_7_an_offer_for_a_leg_whose_refresh_is_open_has_to_wait() -> None:
    bob = timer_vendor([SILENT], headers=timer_headers(allow=METHODS))
    alice, _, bench = await talking(bob=bob)
    await asyncio.sleep(299.5)

    bench.send_in(alice, "INVITE", OFFER.replace(b"alice 1 1", b"alice 1 2"))
    await asyncio.sleep(0.1)

    assert alice.statuses()[-1] == 491


@pytest.mark.parametrize(
    ("allow", "sent_at_once"),
    [(f"{METHODS}, UPDATE", True), (METHODS, False)],
    ids=["an UPDATE does not", "a re-INVITE waits"],
)
async def test_sig04_a_refresh_and_an_offer_on_its_way_to_the_same_leg(
    allow: str, sent_at_once: bool
) -> None:
    bob = timer_vendor([SILENT], headers=timer_headers(allow=allow))
    alice, _, bench = await talking(bob=bob)
    await asyncio.sleep(290)

    bench.send_in(alice, "INVITE", OFFER.replace(b"alice 1 1", b"alice 1 2"))
    await asyncio.sleep(9.5)

    assert (bench.to(VENDOR)[-1] == "UPDATE") is sent_at_once
    assert len(bench.switch.calls) == 1


async def test_sig04_7_a_change_of_the_session_is_forwarded_and_refreshes_both_legs() -> None:
    alice, _, bench = await talking()
    await asyncio.sleep(200)

    bench.send_in(alice, "INVITE", HOLD, Supported="timer", Session_Expires="600")
    await asyncio.sleep(1)

    passed = sent(bench, VENDOR, "INVITE")[-1]
    assert passed.headers.get("Session-Expires") == "600;refresher=uac"
    assert sent(bench, CALLER, "200")[-1].headers.get("Session-Expires") == "600;refresher=uas"
    await asyncio.sleep(298)
    assert (refreshes(bench, CALLER), refreshes(bench, VENDOR)) == (0, 1)
    await asyncio.sleep(2)
    assert (refreshes(bench, CALLER), refreshes(bench, VENDOR)) == (1, 2)


async def test_sig04_a_refresh_after_a_refused_change_holds_what_was_agreed() -> None:
    headers = timer_headers(allow=METHODS)
    alice, _, bench = await talking(bob=timer_vendor([488], headers=headers))

    bench.send_in(alice, "INVITE", HOLD)
    await asyncio.sleep(301)

    first, refused, refresh = sent(bench, VENDOR, "INVITE")
    assert refused.body != first.body
    assert refresh.body == first.body
    assert alice.statuses()[-1] == 488


async def test_sig04_a_refresh_that_is_open_at_the_end_of_its_call_leaves_nothing_behind() -> None:
    bob = timer_vendor([SILENT] * 20, headers=timer_headers(allow=METHODS))
    alice, _, bench = await talking(bob=bob)
    await asyncio.sleep(299.5)

    bench.send_in(alice, "BYE")
    await asyncio.sleep(100)

    assert bench.switch.calls == {}
    assert bench.switch.dialogs == len(bench.switch.transactions) == 0
    assert len(bench.cdrs.cdrs) == 1


# --- SIG-05: the margin --------------------------------------------------------------------------


async def test_sig05_a_session_is_released_a_margin_before_its_expiry() -> None:
    _, _, bench = await talking(
        bob=timer_vendor([200, *[SILENT] * 9]), timers=TimerParameters(early_hangup=60)
    )

    await asyncio.sleep(838)
    assert bench.cdrs.cdrs == []
    await asyncio.sleep(2)

    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.cdr.talk.total_seconds() == pytest.approx(840, abs=0.1)


async def test_sig05_a_margin_that_leaves_no_time_to_refresh_is_ignored_with_a_warning() -> None:
    bob = timer_vendor([SILENT] * 9)
    _, _, bench = await talking(bob=bob, timers=TimerParameters(early_hangup=300))

    await asyncio.sleep(598)
    assert bench.cdrs.cdrs == []
    await asyncio.sleep(2)

    assert len(bench.cdrs.cdrs) == 1
    assert any("EARLY_HANGUP is ignored" in note for note in bench.observer.notes)


# --- SIG-06: callers without ---------------------------------------------------------------------


async def test_sig06_a_a_caller_without_timer_is_released_at_the_cap() -> None:
    timers = TimerParameters(no_timer_limit=1800)
    _, _, bench = await talking(request=invite(), timers=timers)

    await asyncio.sleep(1798)
    assert bench.cdrs.cdrs == []
    await asyncio.sleep(2)

    assert bench.to(CALLER)[-1] == bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.cdr.end_direction is EndDirection.SERVER
    assert refreshes(bench, CALLER) == 0


async def test_sig06_b_a_cap_of_0_is_none() -> None:
    timers = TimerParameters(no_timer_limit=0)
    _, _, bench = await talking(request=invite(), timers=timers)

    await asyncio.sleep(100_000)

    assert len(bench.switch.calls) == 1


async def test_sig06_a_vendor_without_timer_is_neither_refreshed_nor_capped() -> None:
    timers = TimerParameters(no_timer_limit=1800)
    _, _, bench = await talking(bob=vendor(), timers=timers)

    await asyncio.sleep(4000)

    assert len(bench.switch.calls) == 1
    assert refreshes(bench, VENDOR) == 0
    assert refreshes(bench, CALLER) == 13


async def test_sig06_a_caller_whose_timer_is_off_is_capped_too() -> None:
    alice = caller()
    settings = CallSettings("signaling-1", OneAddress(), timers=TimerParameters(no_timer_limit=60))
    bench = SwitchBench(alice, timer_vendor(), settings=settings)
    bench.routing.plan = plan(leg_a=NO_TIMER)

    bench.call(alice, timer_invite())
    await asyncio.sleep(62)

    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
