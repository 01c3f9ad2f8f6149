"""The way of one call: route it, offer it to the next candidate, let it go.

Every act is idempotent by the call's id and the attempt's number. What is remembered of a call
lives here from its first decision until it is released or its signaling instance is lost.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from ..candidates.judge import Exclusion
from ..candidates.offer import Offer, draw_duration, offer_gateway
from ..candidates.reasons import Excluded
from ..candidates.selection import refuse, select
from ..errors import UnknownCall
from ..model.callers import Caller, Phone
from ..model.gateways import RoutingGateway
from ..parameters import Sequence
from ..view import Portability, View
from . import forwarding, refusals, seating
from .call import Call
from .course import Course, Record
from .decision import Attempt, Decision, Plan
from .facts import Facts, Stopped, establish, map_call
from .refusals import Refusal

FIRST_RENEWAL: Final = timedelta(milliseconds=200)
"""Within which a signaling instance renews after its first call; no process comes back as soon."""


REMEMBERED: Final = timedelta(seconds=30)
"""How long a Route may be on its way that the Release of its call has overtaken."""


class Rotation(Protocol):
    """Positions that go round, one number for the whole cluster (RTE-26)."""

    async def turn(self, key: str) -> int:
        """Return the position under `key` and move it on by one."""


class Outcomes(Protocol):
    """Where the ends of attempts and calls are booked."""

    def book(self, attempt: Attempt, now: datetime) -> None:
        """Take note of how an attempt ended (RTE-13, SIG-26)."""

    def book_call(self, caller: Caller, last: Attempt, now: datetime) -> None:
        """Take note of how a call of `caller` ended (RTE-13)."""


class Router:
    """Decides over calls. One a process; what it looks at is replaced in `view` as a whole."""

    def __init__(
        self,
        view: View,
        *,
        portability: Portability,
        rotation: Rotation,
        outcomes: Outcomes,
        seeds: Callable[[], int],
    ) -> None:
        """`seeds` gives a number for each call, from which all chance in it is drawn."""
        self.view = view
        self.portability = portability
        self._rotation = rotation
        self._outcomes = outcomes
        self._seeds = seeds
        self._courses: dict[str, Course] = {}
        self._epochs: dict[str, str] = {}
        self._over: dict[str, datetime] = {}
        """When calls were released, as long as their Route may still be on its way."""

    async def route(self, call: Call, now: datetime) -> Decision:
        """Return where the call goes, the caller's seat and the first candidate's taken.

        Raises `UnknownCall` for a call that was released: nobody would free its seats again.
        """
        if call.id in self._over:
            raise UnknownCall(f"call {call.id} is over")
        course = self._courses.get(call.id)
        if course is not None and course.decision is not None:
            return course.decision
        seed = self._seeds()
        rng = random.Random(seed)  # noqa: S311  shares out calls, keeps no secret
        facts = await self._establish(call, rng)
        if isinstance(facts, Stopped):
            return Decision(facts, facts.refusal)
        try:
            outcome = await self._begin(Course(facts, seed, rng), now)
        except seating.CallerFull as full:
            outcome = full.refusal
        if isinstance(outcome, Refusal):
            await self.view.seats.release(call.id)
        return Decision(facts, outcome)

    async def next(self, call_id: str, failed: Attempt, now: datetime) -> Offer | Refusal:
        """Return the next candidate with its seat, or that none is left.

        Raises `UnknownCall` for a call that is not under way.
        """
        course = self._courses.get(call_id)
        if course is None or course.attempt < failed.number:
            course = await self._take_over(call_id)
        if failed.number < course.attempt and course.latest is not None:
            return course.latest
        await self.view.seats.give_back(call_id, failed.number)
        self._outcomes.book(failed, now)
        course.attempt = failed.number + 1
        course.latest = await self._following(course, failed, now)
        return course.latest

    async def release(self, call_id: str, last: Attempt | None, now: datetime) -> None:
        """Free every seat of the call and book its last attempt. A repeat books nothing."""
        course = self._courses.pop(call_id, None)
        if course is None:
            self._over[call_id] = now
        await self.view.seats.release(call_id)
        if course is not None and last is not None:
            self._outcomes.book(last, now)
            self._outcomes.book_call(course.facts.caller, last, now)

    async def renew(self, instance: str, epoch: str, now: datetime) -> bool:
        """Keep a signaling instance's seats; forget the calls of its former life.

        Return whether the seats are known; if not, it should announce them.
        """
        known = await self.view.seats.renew(instance, epoch, now.timestamp())
        if self._epochs.get(instance, epoch) != epoch:
            self._forget_former_life(instance, now)
        self._epochs[instance] = epoch
        return known

    async def expire(self, now: datetime) -> None:
        """Free the seats of lost signaling instances and forget their calls."""
        for call_id in await self.view.seats.expire(now.timestamp()):
            self._courses.pop(call_id, None)
        self._over = {one: then for one, then in self._over.items() if now - then < REMEMBERED}

    def under_way(self) -> int:
        """Return how many calls are remembered."""
        return len(self._courses)

    def _forget_former_life(self, instance: str, now: datetime) -> None:
        """Calls it has begun since it came back, before it first renewed, go on."""
        lost = [
            call_id
            for call_id, course in self._courses.items()
            if course.facts.call.instance == instance
            and course.facts.call.time < now - FIRST_RENEWAL
        ]
        for call_id in lost:
            del self._courses[call_id]

    async def _establish(self, call: Call, rng: random.Random) -> Facts | Stopped:
        mapped = map_call(call, self.view, rng)
        if isinstance(mapped, Stopped):
            return mapped
        answers = None
        if mapped.asks_portability:
            numbers, eaten = mapped.staged.numbers, mapped.caller.lrn.eat_prefix_length
            answers = await self.portability.look_up(numbers.caller, numbers.callee, eaten)
        return establish(mapped, answers, self.view, rng)

    async def _begin(self, course: Course, now: datetime) -> Plan | Refusal:
        """Send a call to its first candidate.

        Whatever else may refuse it, a caller without a seat comes first (0.5): one that looks full
        is told so at once, without a look at the candidates.
        """
        if seating.caller_without_seat(course.facts, self.view) is not None:
            await seating.take_callers(course, self.view, now)
        self._select(course)
        phone = course.facts.phone
        first = await (
            self._seat_next(course, now) if phone is None else self._reach(course, phone, now)
        )
        if isinstance(first, Refusal):
            if not course.seated:
                await seating.take_callers(course, self.view, now)
            return first
        plan = Plan(
            first,
            tuple(fit.gateway.endpoint for fit in reversed(course.waiting)),
            draw_duration(course.facts.caller.duration, course.rng),
            self.view.parameters.switch_limit,
            self.view.parameters.switch_until_connect,
        )
        course.decision = Decision(course.facts, plan)
        self._courses[course.facts.call.id] = course
        return plan

    async def _reach(self, course: Course, phone: Phone, now: datetime) -> Offer | Refusal:
        """Let the phone ring, or pass the call on (SIG-22)."""
        offer = forwarding.reach(phone, course, self.view)
        if isinstance(offer, Offer) and offer.forward is None:
            refused = await seating.take(course, offer.claims, self.view, now)
            if refused is None:
                return offer
            if phone.forwarding.busy is None:
                return refusals.busy(seating.reason(refused))
            offer = forwarding.pass_on(phone, forwarding.Cause.BUSY, course, self.view)
        return await self._pass_on(course, offer, now)

    async def _following(self, course: Course, failed: Attempt, now: datetime) -> Offer | Refusal:
        phone = course.facts.phone
        if phone is None:
            return await self._seat_next(course, now)
        if course.cause:
            return await self._pass_on(course, forwarding.following(phone, course), now)
        cause = forwarding.after(phone, failed)
        if cause is None:
            return refusals.no_route(f"{phone.endpoint} does not forward this call")
        offer = forwarding.pass_on(phone, cause, course, self.view)
        return await self._pass_on(course, offer, now)

    async def _pass_on(
        self, course: Course, offer: Offer | Refusal, now: datetime
    ) -> Offer | Refusal:
        """Let a phone pass a call on: that takes none of its lines."""
        if isinstance(offer, Offer):
            await seating.take(course, (), self.view, now)
        return offer

    def _select(self, course: Course) -> None:
        if course.facts.phone is None:
            selection = select(course.facts, self.view, course.rng)
            course.waiting, course.excluded = selection.candidates[::-1], selection.excluded

    async def _take_over(self, call_id: str) -> Course:
        """Go on with a call that another replica routed."""
        note = await self.view.seats.note(call_id)
        if not note:
            raise UnknownCall(f"no call {call_id} is under way")
        record = Record.from_json(note)
        rng = random.Random(record.seed)  # noqa: S311  the same numbers again
        facts = await self._establish(record.call, rng)
        if isinstance(facts, Stopped):
            raise UnknownCall(f"call {call_id} is no longer allowed: {facts.refusal.explanation}")
        course = Course(facts, record.seed, rng, seated=True)
        self._select(course)
        course.waiting = [fit for fit in course.waiting if fit.gateway.name not in record.tried]
        course.tried, course.attempt = list(record.tried), record.attempt
        if facts.phone is not None and record.cause:
            forwarding.resume(facts.phone, record.cause, course, self.view)
        self._courses[call_id] = course
        return course

    async def _seat_next(self, course: Course, now: datetime) -> Offer | Refusal:
        """Take candidates in their order until one has a seat (RTE-07, capacity anew)."""
        facts = course.facts
        while course.waiting:
            fit = course.waiting.pop()
            turn = await self._turn(fit.gateway, course.rng)
            offer = offer_gateway(fit, facts, self.view, course.rng, turn)
            if isinstance(offer, Exclusion):
                course.excluded.append(offer)
                continue
            course.tried.append(fit.gateway.name)
            refused = await seating.take(course, offer.claims, self.view, now)
            if refused is None:
                return offer
            course.tried.pop()
            full = Exclusion(fit.gateway, Excluded.CAPACITY, seating.reason(refused))
            course.excluded.append(full)
        if not course.tried:
            return refuse(facts.routed, course.excluded)
        return refusals.no_route("every candidate was tried")

    async def _turn(self, gateway: RoutingGateway, rng: random.Random) -> int:
        """Return the place in the caller pool whose turn it is (RTE-26)."""
        if not gateway.pool:
            return 0
        if self.view.parameters.pool_sequence is Sequence.POLL:
            return await self._rotation.turn(gateway.key)
        return rng.randrange(len(gateway.pool))
