"""Two peers over a network that loses, repeats and reorders: what holds in any weather."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from support.network import LossyNetwork, Weather
from support.user_agent import UserAgent
from trunkline_signaling.sip.outputs import (
    AnswerAcknowledged,
    AnswerTimedOut,
    DialogRequestReceived,
    Event,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
)

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
CALLS = 5
PATIENCE = 60.0
LONG_AFTER = 300.0

weathers = st.builds(
    Weather,
    loss=st.sampled_from([0.0, 0.1, 0.3, 0.6]),
    duplication=st.sampled_from([0.0, 0.2, 0.7]),
    max_delay=st.sampled_from([0.001, 0.3, 2.0]),
)


def caller(agent: UserAgent, event: Event) -> None:
    if not isinstance(event, ResponseReceived) or event.response.method != "INVITE":
        return
    if event.response.is_success:
        agent.send_in(agent.acknowledge(event), "BYE")
    elif event.response.is_provisional:
        agent.dialogs.establish(event)


def callee(agent: UserAgent, event: Event) -> None:
    if isinstance(event, RequestReceived) and event.request.to_tag is None:
        agent.answer(event)
    elif isinstance(event, RequestReceived):
        agent.reply(event, 481)
    elif isinstance(event, DialogRequestReceived):
        agent.reply(event, 200)


def refuser(agent: UserAgent, event: Event) -> None:
    if isinstance(event, RequestReceived):
        agent.reply(event, 100)
        agent.reply(event, 486)


def run(bob: UserAgent, seed: int, weather: Weather) -> UserAgent:
    alice = UserAgent(ALICE, seed, script=caller)
    network = LossyNetwork(seed, weather)
    network.attach(ALICE, alice)
    network.attach(BOB, bob)
    invites = [alice.send(alice.request("INVITE", f"call-{n}"), BOB) for n in range(CALLS)]
    network.run(until=PATIENCE)
    for invite in invites:  # the one that rings for ever, because every answer was lost
        alice.transactions.cancel(invite, network.now)
    network.run(until=LONG_AFTER)
    return alice


def per_call(agent: UserAgent, kind: type[RequestReceived]) -> Counter[str]:
    return Counter(event.request.headers.call_id for event in agent.events_of(kind))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), weathers)
def test_answered_calls_come_to_one_end_in_any_weather(seed: int, weather: Weather) -> None:
    bob = UserAgent(BOB, seed, script=callee)
    alice = run(bob, seed, weather)

    heard = [e for e in bob.events_of(RequestReceived) if e.request.method == "INVITE"]
    answers = [e for e in alice.events_of(ResponseReceived) if e.response.status == 200]
    answered = Counter(str(e.response.headers.cseq) for e in answers)
    ended = bob.events_of(AnswerAcknowledged) + bob.events_of(AnswerTimedOut)
    assert len({e.request.headers.call_id for e in heard}) == len(heard) <= CALLS
    assert answered["1 INVITE"] <= len(heard)
    assert answered["1 INVITE"] + len(alice.events_of(RequestTimedOut)) >= CALLS
    assert len(ended) == len(heard)
    assert len(alice.transactions) == len(bob.transactions) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), weathers)
def test_refused_calls_leave_nothing_behind_in_any_weather(seed: int, weather: Weather) -> None:
    bob = UserAgent(BOB, seed, script=refuser)
    alice = run(bob, seed, weather)

    refusals = Counter(
        e.response.headers.call_id
        for e in alice.events_of(ResponseReceived)
        if e.response.status == 486
    )
    assert max(per_call(bob, RequestReceived).values(), default=0) <= 1
    assert max(refusals.values(), default=0) <= 1
    assert refusals.total() <= CALLS
    assert len(alice.dialogs) == len(bob.dialogs) == 0


def test_in_fair_weather_nothing_is_sent_twice() -> None:
    bob = UserAgent(BOB, script=callee)
    alice = run(bob, 1, Weather())

    assert alice.transactions.counters.requests_sent == 2 * CALLS
    assert bob.transactions.counters.copies_received == 0
    assert len(bob.events_of(AnswerAcknowledged)) == CALLS
