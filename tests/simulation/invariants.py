"""What must hold after every run, whatever the seed has done."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from support.virtual_clock import START
from trunkline_routing.capacity.memory import MemorySeats

from .agent import Sighting
from .books import Books, StoredCdr, check_books
from .callers import Placed
from .config import VENDORS
from .loop import EPOCH
from .vendors import Taken
from .world import World

EPSILON: Final = 0.001
"""Seconds that are lost to microseconds and floats."""
RETAIL: Final = ("retail", Decimal("0.6"), 30, 6)
CALLER_SIDE, CALLEE_SIDE, SERVER_SIDE = 0, 1, 2
AUTHENTICATION_FAILED: Final = 16


def violations(world: World, books: Books) -> Iterator[str]:
    """Yield what does not hold, in words."""
    yield from world.errors
    yield from check_books(books)
    yield from _left_over(world)
    yield from _one_cdr_each(world, books)
    yield from _prices(world, books)
    yield from _final_answers(world)
    yield from _talk_times(world, books)
    yield from world.manners.complaints
    if not world.kills:
        yield from world.manners.unacknowledged()
        yield from world.manners.unreleased()


def _left_over(world: World) -> Iterator[str]:
    """Nothing is held for calls that are over."""
    yield from world.left
    plane = world.plane
    seats = plane.routing.view.seats
    assert isinstance(seats, MemorySeats)
    for call_id in seats._calls:
        yield f"routing still has seats of call {call_id}"
    for key, count in seats._counts.items():
        yield f"routing still counts {count} calls under {key}"
    if plane.routing.router.under_way():
        yield f"routing still knows {plane.routing.router.under_way()} calls"
    for session in plane.media.sessions:
        yield f"media still has a session of call {session}"
    for call_id in plane.till.reservations:
        yield f"billing still has a reservation of call {call_id}"


def _one_cdr_each(world: World, books: Books) -> Iterator[str]:
    """Every call that came about has one CDR, and every CDR had a call."""
    stored = Counter(cdr.call_id for cdr in books.cdrs)
    settled = {reference for _, reference in books.transactions.values()}
    for call_id, sip_call_id in world.began.items():
        if call_id in world.lost:
            continue
        if call_id not in world.ended:
            yield f"call {call_id} ({sip_call_id}) began and never ended"
            continue
        cdr = world.ended[call_id]
        wanted = cdr is not None and cdr.reason != AUTHENTICATION_FAILED
        if wanted and not stored[call_id]:
            yield f"call {call_id} ({sip_call_id}) has no CDR"
        if cdr is None and stored[call_id]:
            yield f"call {call_id} ({sip_call_id}) never came about and has a CDR"
        if cdr is not None and call_id not in settled:
            yield f"call {call_id} ({sip_call_id}) was never settled"
    for call_id in stored.keys() - world.began.keys():
        yield f"the CDR of {call_id} is of no call that began"
    yield from _answered_before_the_kill(world, books)


def _answered_before_the_kill(world: World, books: Books) -> Iterator[str]:
    """A call that was on when signaling was killed is charged by its journal."""
    by_sip_call_id = {cdr.sip_call_id: cdr for cdr in books.cdrs if cdr.sip_call_id}
    for call_id, killed in world.lost.items():
        sip_call_id = world.began[call_id]
        call = _placed(world, sip_call_id)
        on = call is not None and _answered_by(call.saw, killed)
        if on and sip_call_id not in by_sip_call_id:
            yield f"call {call_id} ({sip_call_id}) was answered before the kill and has no CDR"


def _answered_by(saw: Sighting, moment: float) -> bool:
    """Whether the caller heard the answer by then: the journal's commit may take longer."""
    return saw.answered is not None and saw.answered < moment - 0.1


def _prices(world: World, books: Books) -> Iterator[str]:
    """Rate every call again, by the contract, with arithmetic of our own."""
    for cdr in books.cdrs:
        if cdr.answer is None or cdr.account not in ("rich", "poor", "broke", "office"):
            continue
        expected = _retail(cdr.hold_seconds)
        if abs(cdr.fee - expected) > Decimal("0.005"):
            yield f"call {cdr.call_id}: {cdr.hold_seconds} s cost {cdr.fee}, not {expected}"
        if abs(cdr.hold_seconds - cdr.talk) > 1.0 and not 0 < cdr.talk - cdr.hold_seconds <= 6.0:
            yield f"call {cdr.call_id}: {cdr.talk} s of talk are charged as {cdr.hold_seconds}"


def _retail(seconds: int) -> Decimal:
    _, per_minute, first, interval = RETAIL
    if not seconds:
        return Decimal(0)
    beyond = max(seconds - first, 0)
    charged = first + math.ceil(beyond / interval) * interval
    return (per_minute * charged / 60).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _final_answers(world: World) -> Iterator[str]:
    """Every INVITE that somebody could answer was answered."""
    for caller in world.callers.values():
        for call in caller.placed.values():
            assert call.script is not None
            if call.script.malformed or caller.finished(call) or _met_a_kill(world, call):
                continue
            yield f"the caller of {call.number} ({call.saw.call_id}) got no final response"


def _met_a_kill(world: World, call: Placed) -> bool:
    """Whether signaling died after the INVITE: what it was told before is gone."""
    invited = call.saw.invited
    return invited is not None and any(invited < back for _, back in world.kills)


def _talk_times(world: World, books: Books) -> Iterator[str]:
    """What is charged lies between what the endpoints saw."""
    by_call_id: defaultdict[str, list[StoredCdr]] = defaultdict(list)
    for cdr in books.cdrs:
        by_call_id[cdr.sip_call_id].append(cdr)
    for caller in world.callers.values():
        for call in caller.placed.values():
            for cdr in by_call_id[call.saw.call_id]:
                yield from _one_talk_time(world, call, cdr)


def _one_talk_time(world: World, call: Placed, cdr: StoredCdr) -> Iterator[str]:
    name = f"call {cdr.call_id} ({call.saw.call_id}, {call.number})"
    taken = list(_taken(world, call))
    parties = [party for t in taken for party in (t, *t.forks)]
    answers = [party.saw for party in parties if party.saw.answered is not None]
    if cdr.answer is None:
        if call.saw.answered is not None:
            yield f"{name} was answered and its CDR says it was not"
        return
    if not answers:
        yield f"{name} is charged and nobody answered"
        return
    answer, end = _loop_time(cdr.answer), _loop_time(cdr.end)
    earliest = min(saw.answered for saw in answers if saw.answered is not None)
    heard = [t for t in (call.saw.answered, *(s.acknowledged for s in answers)) if t is not None]
    if answer < earliest - EPSILON or (heard and answer > max(heard) + EPSILON):
        yield f"{name}: answered at {answer:.3f}, not between {earliest:.3f} and {heard}"
    if cdr.recovered_by:
        return
    if any(party.referred for party in (call, *parties)):
        return  # from then on others may be in the call
    yield from _let_go(name, answers, end)
    passed_on = call.script is not None and call.script.to_phone
    lower, upper = _bounds_of_end(world, call.saw, answers, cdr, was_passed_on=passed_on)
    if not lower - EPSILON <= end <= upper + EPSILON:
        yield f"{name}: ended at {end:.3f}, not between {lower:.3f} and {upper:.3f}"


def _taken(world: World, call: Placed) -> Iterator[Taken]:
    """Yield what came of a call at those it was for: phones pass calls on, to vendors too."""
    assert call.script is not None
    if not call.script.to_phone:
        yield from (t for v in VENDORS for t in world.callees[v.name].taken.get(call.number, ()))
        return
    for callee in world.callees.values():
        for taken in callee.taken.values():
            yield from (each for each in taken if each.caller == call.number)


def _let_go(name: str, answers: list[Sighting], end: float) -> Iterator[str]:
    """No talk is charged after the callee's BYE was answered, unless that came before its ACK."""
    if len(answers) > 1:
        return
    saw = answers[0]
    acknowledged = saw.acknowledged is not None and saw.acknowledged <= (saw.bye_sent or 0.0)
    if acknowledged and saw.bye_taken is not None and end > saw.bye_taken + EPSILON:
        yield f"{name}: charged until {end:.3f}, and the callee was let go at {saw.bye_taken:.3f}"


def _bounds_of_end(
    world: World,
    caller: Sighting,
    callees: list[Sighting],
    cdr: StoredCdr,
    *,
    was_passed_on: bool,
) -> tuple[float, float]:
    """Return when the call can have ended, by who ended it."""
    never = world.ended_at
    if cdr.direction == SERVER_SIDE:
        assert cdr.answer is not None
        # forks that answered too late heard a BYE before the end, and who is gone hears none
        by_callee = max(saw.bye_received or never for saw in callees)
        return _loop_time(cdr.answer), min(caller.bye_received or never, by_callee)
    sides = [caller] if cdr.direction == CALLER_SIDE else callees
    # a CANCEL or an early BYE may cross the answer, and another BYE follows
    moments = [moment for saw in sides for moment in (saw.bye_sent, saw.gave_up)]
    first = min((moment for moment in moments if moment is not None), default=None)
    if was_passed_on and (first is None or len(callees) > 1):  # it may have ended between phones
        return _loop_time(cdr.answer or cdr.end), never
    if first is None:
        return never, never
    taken = [saw.bye_taken for saw in sides if saw.bye_sent is not None]
    if was_passed_on:  # between the phone's call and this one a BYE may wait for the caller's ACK
        taken.append(caller.bye_received)
    return first, max((never if moment is None else moment for moment in taken), default=never)


def _placed(world: World, sip_call_id: str) -> Placed | None:
    for caller in world.callers.values():
        for call in caller.placed.values():
            if call.saw.call_id == sip_call_id:
                return call
    return None


def _loop_time(unix: float) -> float:
    return unix - EPOCH + START
