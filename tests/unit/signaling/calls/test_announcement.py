"""What a caller hears before its call fails (MED-10), and while its vendor is silent (MED-11)."""

import asyncio
from datetime import timedelta

import pytest
from support.descriptions import answering, audio, listed, sides, stream_to
from support.switch import (
    CALLER,
    SECOND_VENDOR,
    OneAddress,
    Script,
    SwitchBench,
    caller,
    candidate,
    gives,
    invite,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.events import FirstPacket, PlayEnded
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.media_policy import PromptParameters, Prompts, RingTone
from trunkline_signaling.calls.parties import Numbers
from trunkline_signaling.calls.policy import LegPolicy, StopRules
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.services import Play, StopPlay, Unpayable, Unroutable
from trunkline_signaling.sip.outputs import Event, RequestReceived

ON = Prompts(unable_to_connect=True)
NO_ROUTE = Unroutable(
    CallEndReason.ROUTE_NOT_FOUND, 503, "nobody", Numbers(), leg_a=LegPolicy(prompts=ON)
)
TEN_SECONDS = timedelta(seconds=10)


def bench_of(
    script: Script, prompts: Prompts = ON, parameters: PromptParameters | None = None
) -> tuple[UserAgent, SwitchBench]:
    """Return a caller whose side has these prompts, and the switch."""
    settings = CallSettings(
        "signaling-1", OneAddress(), prompts=parameters or PromptParameters(codecs=("g711a",))
    )
    alice = caller()
    bench = SwitchBench(alice, vendor(script), settings=settings)
    bench.routing.plan = plan(leg_a=LegPolicy(prompts=prompts))
    bench.media.sounds |= {"unable-to-connect": TEN_SECONDS, "no-answer": TEN_SECONDS}
    return alice, bench


def played(bench: SwitchBench) -> list[str]:
    """Return the names of what was played."""
    return [q.audio for q in bench.media.asked if isinstance(q, Play)]


def tell(bench: SwitchBench, event: PlayEnded | FirstPacket) -> None:
    """Let the relay tell something."""
    bench.switch.tell(next(iter(bench.switch.calls)), event)


async def failing(bench: SwitchBench, alice: UserAgent, body: bytes = b"") -> None:
    """Let the caller call until its call has failed as far as it will."""
    bench.call(alice, invite(body or audio("8 0")))
    await asyncio.sleep(1)


async def test_med10_without_a_route_the_caller_hears_why_before_its_503() -> None:
    alice, bench = bench_of(gives(503))
    bench.routing.plan = NO_ROUTE

    await failing(bench, alice)
    heard = alice.statuses()
    tell(bench, PlayEnded(Side.A, "unable-to-connect"))
    await asyncio.sleep(1)

    assert heard == [100, 183]
    assert played(bench) == ["route-not-found", "unable-to-connect"]
    assert listed(stream_to(bench, CALLER, "SIP/2.0 183")) == ["8 PCMA"]
    assert alice.statuses()[-1] == 503
    assert bench.cdr.reason is CallEndReason.ROUTE_NOT_FOUND
    assert bench.cdr.talk == timedelta(0)
    assert bench.media.sessions == set()


async def test_med10_with_the_prompt_off_the_503_comes_at_once() -> None:
    alice, bench = bench_of(gives(503), Prompts(unable_to_connect=False), PromptParameters(True))

    await failing(bench, alice)

    assert alice.statuses() == [100, 503]
    assert played(bench) == []


@pytest.mark.parametrize(
    ("prompts", "parameters", "announced"),
    [
        (Prompts(), PromptParameters(True), True),
        (Prompts(), PromptParameters(False), False),
        (ON, PromptParameters(False), True),
    ],
    ids=["the parameter's on", "the parameter's off", "its side's on"],
)
async def test_med10_a_side_that_says_nothing_goes_by_the_parameter(
    prompts: Prompts, parameters: PromptParameters, announced: bool
) -> None:
    alice, bench = bench_of(gives(480), prompts, parameters)

    await failing(bench, alice)

    assert (183 in alice.statuses()) is announced


async def test_med10_the_audio_is_that_of_the_end_reason_and_language() -> None:
    alice, bench = bench_of(gives(480), Prompts(unable_to_connect=True, language="en"))
    bench.media.sounds["en-no-answer"] = TEN_SECONDS

    await failing(bench, alice)

    assert played(bench) == ["en-no-answer"]


async def test_med10_switching_is_over_before_it_starts() -> None:
    alice, bench = bench_of(gives(503))
    bench.routing.further = [candidate(2, SECOND_VENDOR)]

    await failing(bench, alice)
    assert played(bench) == []
    await asyncio.sleep(40)

    assert len(bench.cdrs.cdrs) + len(bench.switch.calls) == 1
    assert played(bench)[-1] == "unable-to-connect"


async def test_med10_a_caller_that_gives_up_stops_it_with_487() -> None:
    alice, bench = bench_of(gives(480))
    transaction = bench.call(alice, invite(audio("8")))
    await asyncio.sleep(1)

    bench.cancel(alice, transaction)
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 487
    assert bench.cdr.reason is CallEndReason.CALLER_HANGUP
    assert bench.cdr.end_direction is EndDirection.CALLER
    assert bench.cdr.attempts[0].sip_status == 480
    assert bench.switch.calls == {}


async def test_med10_it_lasts_for_a_minute_at_most() -> None:
    alice, bench = bench_of(gives(480))

    await failing(bench, alice)
    await asyncio.sleep(58)
    assert alice.statuses()[-1] == 183
    await asyncio.sleep(2)

    assert alice.statuses()[-1] == 480


async def test_med10_without_any_file_the_final_status_follows() -> None:
    alice, bench = bench_of(gives(480))
    bench.media.sounds.clear()

    await failing(bench, alice)

    assert alice.statuses() == [100, 183, 480]


async def test_med10_without_a_relay_the_final_status_comes() -> None:
    alice, bench = bench_of(gives(480))
    bench.media.full = True

    await failing(bench, alice)

    assert alice.statuses() == [100, 480]


async def test_med10_a_balance_that_is_too_low_has_a_prompt_of_its_own() -> None:
    alice, bench = bench_of(gives(480), Prompts(balance_not_enough=True))
    bench.billing.decision = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "empty")
    bench.media.sounds["balance-insufficient"] = TEN_SECONDS

    await failing(bench, alice)
    assert played(bench) == ["balance-insufficient"]
    tell(bench, PlayEnded(Side.A, "balance-insufficient"))
    await asyncio.sleep(1)

    assert alice.statuses()[-1] == 402


async def test_med10_nothing_is_announced_when_the_switch_itself_ends_the_call() -> None:
    alice, bench = bench_of(gives(180))

    await failing(bench, alice)
    await bench.switch.close("over")

    assert played(bench) == []


@pytest.mark.parametrize(
    ("offer", "priority", "answer"),
    [
        ("0 18", ("g729a", "g711u"), ["18 G729"]),
        ("0 18", ("g711a", "g711u"), ["0 PCMU"]),
        ("4", ("g729a", "g723", "g711u"), None),
    ],
    ids=["g729 first", "the first in common", "none in common"],
)
async def test_med14_the_codec_of_a_prompt_is_the_first_of_the_priority(
    offer: str, priority: tuple[str, ...], answer: list[str] | None
) -> None:
    alice, bench = bench_of(gives(480), ON, PromptParameters(codecs=priority))

    await failing(bench, alice, audio(offer))

    if answer is None:
        assert alice.statuses() == [100, 480]
    else:
        assert listed(stream_to(bench, CALLER, "SIP/2.0 183")) == answer


# --- MED-11


class Ringing:
    """A vendor's script: 180, perhaps 183 with SDP, and an answer, each after a while."""

    bench: SwitchBench

    def __init__(self, seconds: float, sdp_after: float | None = None) -> None:
        self.seconds, self.sdp_after = seconds, sdp_after
        self.body = audio("8", host="10.0.0.3")

    def __call__(self, agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            agent.reply(event, 180)
            loop = asyncio.get_running_loop()
            if self.sdp_after is not None:
                loop.call_later(self.sdp_after, self.progress, agent, event)
            loop.call_later(self.seconds, self.answer, agent, event)
        else:
            answering(self.body)(agent, event)

    def progress(self, agent: UserAgent, event: RequestReceived) -> None:
        """Send 183 with SDP."""
        agent.now = asyncio.get_running_loop().time()
        early = event.request.reply(183, body=self.body, to_tag="bob")
        early.headers.set("Content-Type", "application/sdp")
        agent.transactions.respond(event.transaction, early, agent.now)
        self.bench.pump(agent)

    def answer(self, agent: UserAgent, event: RequestReceived) -> None:
        """Send 200."""
        agent.now = asyncio.get_running_loop().time()
        answering(self.body)(agent, event)
        self.bench.pump(agent)


def with_tone(script: Script, delay: int = 3) -> tuple[UserAgent, SwitchBench]:
    """Return a caller and a switch whose vendor has an auxiliary ring tone."""
    alice = caller()
    bench = SwitchBench(alice, vendor(script))
    if isinstance(script, Ringing):
        script.bench = bench
    tone = RingTone("ringback", timedelta(seconds=delay))
    bench.routing.plan = plan(candidate(leg_b=sides(ring_tone=tone)), leg_a=LegPolicy())
    return alice, bench


def tones(bench: SwitchBench) -> list[type]:
    """Return what the relay was asked of tones."""
    return [type(q) for q in bench.media.asked if isinstance(q, Play | StopPlay)]


async def test_med11_a_vendor_that_answers_in_time_needs_no_tone() -> None:
    alice, bench = with_tone(Ringing(2))

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(10)

    assert tones(bench) == []
    assert alice.statuses() == [100, 180, 200]


async def test_med11_a_silent_vendors_caller_hears_a_tone_until_the_answer() -> None:
    alice, bench = with_tone(Ringing(8))

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(2.9)
    assert tones(bench) == []
    await asyncio.sleep(0.2)
    assert tones(bench) == [Play]
    await asyncio.sleep(6)

    (play,) = [q for q in bench.media.asked if isinstance(q, Play)]
    assert (play.side, play.audio, play.loop) == (Side.A, "ringback", True)
    assert tones(bench) == [Play, StopPlay]
    assert alice.statuses() == [100, 180, 183, 200]


async def test_med11_the_tone_stops_with_the_vendors_first_packet() -> None:
    alice, bench = with_tone(Ringing(20, sdp_after=5))
    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(6)
    assert tones(bench) == [Play]

    tell(bench, FirstPacket(Side.B))
    await asyncio.sleep(1)

    assert tones(bench) == [Play, StopPlay]


async def test_med11_a_vendor_with_media_of_its_own_needs_no_tone() -> None:
    alice, bench = with_tone(Ringing(20, sdp_after=1))

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(6)

    assert tones(bench) == []


async def test_med11_a_tone_does_not_bind_the_call_to_its_vendor() -> None:
    alice, bench = with_tone(gives(180))
    tone = RingTone("ringback", timedelta(seconds=3))
    rules = StopRules(after_ringing=False)
    first = candidate(leg_b=sides(ring_tone=tone), stop_rules=rules)
    bench.routing.plan = plan(first, leg_a=LegPolicy())
    bench.routing.further = [candidate(2, SECOND_VENDOR)]

    bench.call(alice, invite(audio("8")))
    await asyncio.sleep(125)

    assert len(bench.routing.failed) == 1
    assert "INVITE" in bench.to(SECOND_VENDOR)
    assert tones(bench)[:2] == [Play, StopPlay]
