"""What the caller sees and hears while it rings, and PRACK on either leg (SIG-19, RFC 3262)."""

import asyncio

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    OFFER,
    SECOND_VENDOR,
    VENDOR,
    OneAddress,
    Script,
    SwitchBench,
    answers,
    candidate,
    gives,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.events import FirstPacket
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy, RemoteRingSignal, StopRules
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.calls.services import Play, StopPlay
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.message import Request, Response
from trunkline_signaling.sip.outputs import (
    DialogRequestReceived,
    Event,
    RequestReceived,
    ResponseReceived,
)
from trunkline_signaling.sip.parser import parse_datagram
from trunkline_signaling.sip.sdp import SessionDescription

RELIABLE = LegPolicy(reliable_provisionals=True)
RELAYED = RelayParameters(mode=MediaProxy.MUST_ON)
ANY_FAILURE = StopRules(after_ringing=False, after_sdp=False)


def ringing(mode: RemoteRingSignal) -> LegPolicy:
    """Return the policy of a caller who wants to see ringing so."""
    return LegPolicy(remote_ring_signal=mode)


def rings(status: int = 180, body: bytes = b"", answers_after: bool = False) -> Script:
    """Return a vendor's script: it rings, perhaps with a description, and may answer then."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                response = dialog.reply(request, status, body, "application/sdp")
                agent.transactions.respond(transaction, response, agent.now)
                if answers_after:
                    answer = dialog.reply(request, 200, ANSWER, "application/sdp")
                    agent.dialogs.answer(dialog, transaction, answer, agent.now)
            case _:
                gives()(agent, event)

    return script


async def ring(
    policy: LegPolicy, bob: UserAgent, relay: RelayParameters = RELAYED, body: bytes = OFFER
) -> tuple[UserAgent, SwitchBench]:
    """Return a caller who hears it ring."""
    alice = UserAgent(CALLER)
    settings = CallSettings("signaling-1", OneAddress(), relay=relay)
    bench = SwitchBench(alice, bob, settings=settings)
    bench.routing.plan = plan(leg_a=policy)
    bench.call(alice, invite(body))
    await asyncio.sleep(1)
    return alice, bench


def shown(bench: SwitchBench, to: Address = CALLER) -> list[Response]:
    """Return the provisional responses that a node got, without 100 and copies."""
    found = dict.fromkeys(d for _, at, d in bench.messages if at == to and d[8:10] == b"18")
    return [m for m in map(parse_datagram, found) if isinstance(m, Response)]


def played(bench: SwitchBench) -> list[type]:
    """Return whether the relay was told to play, and to stop, in order."""
    return [type(q) for q in bench.media.asked if isinstance(q, Play | StopPlay)]


# --- modes of the ring signal --------------------------------------------------------------------


@pytest.mark.parametrize("status", [180, 183])
@pytest.mark.parametrize("body", [b"", ANSWER], ids=["without SDP", "with SDP"])
async def test_sig19_passed_through_the_caller_sees_what_the_vendor_sent(
    status: int, body: bytes
) -> None:
    _, bench = await ring(LegPolicy(), vendor(rings(status, body)))

    (response,) = shown(bench)
    assert response.status == status
    assert bool(response.body) is bool(body)
    assert played(bench) == []


@pytest.mark.parametrize(
    ("mode", "seen"),
    [(RemoteRingSignal.SESSION_PROGRESS, 183), (RemoteRingSignal.RINGING, 180)],
)
@pytest.mark.parametrize("status", [180, 183])
async def test_sig19_the_vendors_ringing_is_shown_with_the_relays_description_and_a_tone(
    mode: RemoteRingSignal, seen: int, status: int
) -> None:
    _, bench = await ring(ringing(mode), vendor(rings(status)))

    (response,) = shown(bench)
    assert response.status == seen
    description = SessionDescription.parse(response.body)
    assert description.audio is not None
    assert description.address_of(description.audio) == "10.0.0.9"
    assert description.audio.port == 10000
    assert description.audio.formats == ["8", "0", "101"]
    (play,) = [q for q in bench.media.asked if isinstance(q, Play)]
    assert (play.side, play.audio, play.loop) == (Side.A, "ringback", True)


async def test_sig19_the_vendors_own_description_is_shown_under_the_wanted_status() -> None:
    policy = ringing(RemoteRingSignal.SESSION_PROGRESS)
    _, bench = await ring(policy, vendor(rings(180, ANSWER)))

    (response,) = shown(bench)
    assert response.status == 183
    assert b"m=audio 10000 RTP/AVP 8" in response.body
    assert played(bench) == []


async def test_sig19_without_a_relay_the_vendors_ringing_passes_through() -> None:
    policy = ringing(RemoteRingSignal.SESSION_PROGRESS)
    _, bench = await ring(policy, vendor(rings()), RelayParameters(mode=MediaProxy.OFF))

    (response,) = shown(bench)
    assert (response.status, response.body) == (180, b"")
    assert played(bench) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        OFFER.replace(b"RTP/AVP", b"RTP/SAVPF"),
        OFFER + b"a=sendonly\r\n",
        OFFER.replace(b"RTP/AVP 8 0 101", b"RTP/AVP 9"),
    ],
    ids=["no offer", "no plain RTP", "one way", "no codec that we can play in"],
)
async def test_sig19_an_offer_that_no_tone_can_answer_passes_through(body: bytes) -> None:
    policy = ringing(RemoteRingSignal.SESSION_PROGRESS)
    _, bench = await ring(policy, vendor(rings()), body=body)

    assert [r.body for r in shown(bench)] == [b""]
    assert played(bench) == []


@pytest.mark.parametrize("end", ["voice", "answer", "failure"])
async def test_sig19_the_tone_ends_with_the_vendors(end: str) -> None:
    policy = ringing(RemoteRingSignal.SESSION_PROGRESS)
    bob = vendor(rings())
    _, bench = await ring(policy, bob)
    assert played(bench) == [Play]

    if end == "voice":
        bench.switch.tell(next(iter(bench.switch.calls)), FirstPacket(Side.B))
    else:
        decide(bench, bob, 200 if end == "answer" else 486)
    await asyncio.sleep(1)

    assert played(bench) == [Play, StopPlay]


def decide(bench: SwitchBench, bob: UserAgent, status: int) -> None:
    """Let a vendor that rings give its final response."""
    (invited,) = bob.events_of(RequestReceived)
    (dialog,) = bob.dialogs
    bob.now = asyncio.get_running_loop().time()
    if status == 200:
        answer = dialog.reply(invited.request, 200, ANSWER, "application/sdp")
        bob.dialogs.answer(dialog, invited.transaction, answer, bob.now)
    else:
        bob.reply(invited, status)
    bench.pump(bob)


async def test_sig19_the_tone_is_that_of_the_vendor_who_rings_last() -> None:
    policy = ringing(RemoteRingSignal.SESSION_PROGRESS)
    alice = UserAgent(CALLER)
    settings = CallSettings("signaling-1", OneAddress(), relay=RELAYED)
    busy = vendor(gives(180, 503))
    bench = SwitchBench(alice, busy, vendor(rings(), SECOND_VENDOR), settings=settings)
    bench.routing.plan = plan(candidate(stop_rules=ANY_FAILURE), leg_a=policy)
    bench.routing.further = [candidate(2, SECOND_VENDOR)]

    bench.call(alice)
    await asyncio.sleep(1)

    assert [r.status for r in shown(bench)] == [183]
    assert played(bench) == [Play]


async def test_sig19_a_tone_that_is_not_there_is_silence() -> None:
    policy = ringing(RemoteRingSignal.RINGING)
    alice = UserAgent(CALLER)
    settings = CallSettings("signaling-1", OneAddress(), relay=RELAYED)
    bench = SwitchBench(alice, vendor(rings()), settings=settings)
    bench.routing.plan = plan(leg_a=policy)
    bench.media.sounds = {}

    bench.call(alice)
    await asyncio.sleep(1)

    assert [r.status for r in shown(bench)] == [180]
    assert any("did not play" in note for note in bench.observer.notes)


# --- PRACK to the vendor -------------------------------------------------------------------------


def reliable(*statuses: int, body: bytes = ANSWER, answers_after: bool = True) -> Script:
    """Return a vendor's script: each response waits for the PRACK of the one before."""
    left = list(statuses)
    taken: list[RequestReceived] = []

    def say_next(agent: UserAgent) -> None:
        (invited,) = taken
        (dialog,) = agent.dialogs
        transaction, request = invited
        if left:
            response = dialog.reply(request, left.pop(0), body, "application/sdp")
            agent.dialogs.respond_reliably(dialog, transaction, response, agent.now)
        elif answers_after:
            agent.dialogs.answer(dialog, transaction, dialog.reply(request, 200), agent.now)

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                taken.append(event)
                agent.dialogs.accept(transaction, agent.contact)
                say_next(agent)
            case DialogRequestReceived(_, _, request) if request.method == "PRACK":
                agent.reply(event, 200)
                say_next(agent)
            case _:
                gives()(agent, event)

    return script


async def test_sig19_a_vendors_reliable_responses_are_acknowledged_each() -> None:
    bob = vendor(reliable(183, 180))
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(candidate(leg_b=RELIABLE))

    bench.call(alice)
    await asyncio.sleep(1)

    pracks = [e.request for e in bob.events_of(DialogRequestReceived)]
    assert [p.headers.get("RAck") for p in pracks] == ["1 1 INVITE", "2 1 INVITE"]
    assert [p.headers.cseq.number for p in pracks] == [2, 3]
    assert alice.statuses()[:4] == [100, 183, 180, 200]
    offer = next(d for _, to, d in bench.messages if to == VENDOR)
    assert b"Supported: timer, 100rel" in offer


async def test_sig19_the_answer_of_a_reliable_response_is_the_calls() -> None:
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, vendor(reliable(183)))
    bench.routing.plan = plan(candidate(leg_b=RELIABLE))

    bench.call(alice)
    await asyncio.sleep(1)

    answer = alice.events_of(ResponseReceived)[-1].response
    assert answer.status == 200
    assert b"m=audio 6000 RTP/AVP 8" in answer.body


async def test_rfc3262_4_copies_and_responses_out_of_order_get_no_prack() -> None:
    def script(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            dialog = agent.dialogs.accept(event.transaction, agent.contact)
            say = [("7", 183), ("7", 183), ("9", 180), ("8", 180)]
            responses = [dialog.reply(event.request, status) for _, status in say]
            for (rseq, _), response in zip(say, responses, strict=True):
                response.headers.set("Require", "100rel")
                response.headers.set("RSeq", rseq)
                agent.transactions.respond(event.transaction, response, agent.now)
        else:
            gives()(agent, event)

    bob = vendor(script)
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(candidate(leg_b=RELIABLE))

    bench.call(alice)
    await asyncio.sleep(0.4)

    pracks = [_rack(d) for _, to, d in bench.messages if to == VENDOR and d.startswith(b"PRACK")]
    assert list(dict.fromkeys(pracks)) == ["7 1 INVITE", "8 1 INVITE"]


def _rack(data: bytes) -> str | None:
    return parse_datagram(data).headers.get("RAck")


async def test_sig19_off_no_100rel_is_offered_and_none_acknowledged() -> None:
    bob = vendor(reliable(183))
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, bob)

    bench.call(alice)
    await asyncio.sleep(1)

    offer = next(d for _, to, d in bench.messages if to == VENDOR)
    assert b"100rel" not in offer
    assert "PRACK" not in bench.to(VENDOR)


async def test_rfc3262_5_an_invite_without_offer_offers_no_100rel() -> None:
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, vendor(answers))
    bench.routing.plan = plan(candidate(leg_b=RELIABLE))

    bench.call(alice, invite(body=b""))
    await asyncio.sleep(1)

    offer = next(d for _, to, d in bench.messages if to == VENDOR)
    assert b"100rel" not in offer


# --- PRACK from the caller -----------------------------------------------------------------------


def requiring(body: bytes = OFFER) -> Request:
    """Return the INVITE of a caller that requires reliable responses."""
    request = invite(body)
    request.headers.set("Require", "100rel")
    return request


def acknowledging(late: bool = False) -> Script:
    """Return a caller's script: it sends a PRACK for each reliable response, and the ACK."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case ResponseReceived(_, response) if response.headers.get("RSeq"):
                dialog = agent.dialogs.establish(event)
                prack = dialog.prack(response)
                if prack is not None and not late:
                    agent.transactions.send_request(prack, dialog.flow, agent.now)
            case ResponseReceived(transaction, response) if response.is_success:
                if transaction.request.method == "INVITE":
                    agent.acknowledge(event)
            case DialogRequestReceived():
                agent.reply(event, 200)

    return script


async def requires(bob: UserAgent, alice: UserAgent, body: bytes = OFFER) -> SwitchBench:
    """Return the bench of a call whose caller requires reliable responses, which are on."""
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(leg_a=RELIABLE)
    bench.call(alice, requiring(body))
    await asyncio.sleep(1)
    return bench


async def test_sig19_off_a_caller_that_requires_100rel_gets_420() -> None:
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, vendor())

    bench.call(alice, requiring())
    await asyncio.sleep(1)

    refusal = alice.events_of(ResponseReceived)[-1].response
    assert refusal.status == 420
    assert refusal.headers.get("Unsupported") == "100rel"
    assert bench.to(VENDOR) == []


async def test_sig19_a_caller_that_requires_it_gets_numbered_responses_one_at_a_time() -> None:
    alice = UserAgent(CALLER, script=acknowledging())
    bench = await requires(vendor(gives(180, 182, 183)), alice)

    numbers = [r.headers.get("RSeq") for r in shown(bench)]
    assert [r.status for r in shown(bench)] == [180, 182, 183]
    assert numbers == ["1", "2", "3"]
    assert all("100rel" in r.headers.tokens("Require") for r in shown(bench))
    assert bench.starts(CALLER) == ["INVITE", "PRACK", "PRACK", "PRACK"]
    assert alice.statuses() == [100, 180, 200, 182, 200, 183, 200]


async def test_sig19_sig08_a_reliable_response_is_repeated_and_the_next_waits() -> None:
    alice = UserAgent(CALLER)
    bench = await requires(vendor(gives(180, 183)), alice)

    await asyncio.sleep(10)

    assert bench.to(CALLER) == ["100", *["180"] * 5]


async def test_rfc3262_3_a_caller_that_never_acknowledges_is_refused() -> None:
    alice = UserAgent(CALLER)
    bench = await requires(vendor(gives(180)), alice)

    await asyncio.sleep(40)

    assert alice.statuses()[-1] == 504
    assert "CANCEL" in bench.to(VENDOR)
    assert bench.cdr.reason is CallEndReason.CONNECTION_TIMEOUT
    assert bench.switch.calls == {}


async def test_rfc3262_3_the_200_waits_for_the_prack_of_a_description() -> None:
    alice = UserAgent(CALLER, script=acknowledging(late=True))
    bench = await requires(vendor(rings(183, ANSWER, answers_after=True)), alice)
    assert "200" not in bench.to(CALLER)
    assert bench.to(VENDOR)[-1] == "ACK"

    send_prack(bench, alice)
    await asyncio.sleep(1)

    assert alice.statuses()[-2:] == [200, 200]
    assert bench.starts(CALLER)[-1] == "ACK"
    assert len(bench.switch.calls) == 1


async def test_rfc3262_3_the_200_does_not_wait_for_the_prack_of_mere_ringing() -> None:
    alice = UserAgent(CALLER, script=acknowledging(late=True))
    bench = await requires(vendor(rings(180, answers_after=True)), alice)
    assert bench.to(CALLER)[-1] == "200"

    send_prack(bench, alice)
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 200


async def test_rfc3262_3_an_answer_whose_prack_never_comes_ends_both_legs() -> None:
    alice = UserAgent(CALLER, script=acknowledging(late=True))
    bench = await requires(vendor(rings(183, ANSWER, answers_after=True)), alice)

    await asyncio.sleep(100)

    assert "BYE" in bench.to(VENDOR)
    assert alice.statuses()[-1] == 487
    assert bench.cdr.reason is CallEndReason.SESSION_TIMEOUT
    assert bench.switch.calls == {}
    assert bench.switch.dialogs == len(bench.switch.transactions) == 0


async def test_a_caller_may_give_up_while_its_200_waits_for_its_prack() -> None:
    alice = UserAgent(CALLER, script=acknowledging(late=True))
    bench = await requires(vendor(rings(183, ANSWER, answers_after=True)), alice)

    transaction = alice.events_of(ResponseReceived)[0].transaction
    bench.cancel(alice, transaction)
    await asyncio.sleep(1)

    assert bench.to(VENDOR)[-1] == "BYE"
    assert 487 in alice.statuses()
    assert bench.cdr.reason is CallEndReason.CALLER_HANGUP


async def test_rfc3262_5_a_caller_without_offer_waits_for_the_200() -> None:
    alice = UserAgent(CALLER, script=acknowledging())
    bench = await requires(vendor(rings(answers_after=True)), alice, body=b"")

    assert bench.to(CALLER)[:2] == ["100", "200"]


async def test_sig19_a_description_of_our_own_is_none_of_a_reliable_response() -> None:
    policy = LegPolicy(
        reliable_provisionals=True, remote_ring_signal=RemoteRingSignal.SESSION_PROGRESS
    )
    alice = UserAgent(CALLER, script=acknowledging())
    settings = CallSettings("signaling-1", OneAddress(), relay=RELAYED)
    bench = SwitchBench(alice, vendor(rings()), settings=settings)
    bench.routing.plan = plan(leg_a=policy)

    bench.call(alice, requiring())
    await asyncio.sleep(1)

    assert [(r.status, r.body) for r in shown(bench)] == [(180, b"")]


async def test_an_offer_in_a_prack_is_refused() -> None:
    alice = UserAgent(CALLER, script=acknowledging(late=True))
    bench = await requires(vendor(gives(183)), alice)

    send_prack(bench, alice, OFFER)
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 488
    assert len(bench.switch.calls) == 1


async def test_rfc3311_an_update_without_offer_is_answered_before_the_call_is() -> None:
    alice = UserAgent(CALLER)
    bench = SwitchBench(alice, vendor(gives(180)))
    bench.call(alice)
    await asyncio.sleep(0.5)
    alice.dialogs.establish(alice.events_of(ResponseReceived)[-1])

    bench.send_in(alice, "UPDATE")
    await asyncio.sleep(0.5)

    assert alice.statuses()[-1] == 200


def send_prack(bench: SwitchBench, alice: UserAgent, body: bytes = b"") -> None:
    """Let the caller acknowledge the first reliable response at last."""
    bench.send_in(alice, "PRACK", body, RAck="1 1 INVITE")
