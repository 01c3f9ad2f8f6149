"""The way of one call: route it, offer it to the next candidate, let it go.

Every act is idempotent by the call's id and the attempt's number. What is remembered of a call
lives here from its first decision until it is released or its signaling instance is lost.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ..candidates.judge import Excluded, Exclusion, Fit, no_seat
from ..candidates.offer import Offer, draw_duration, offer_gateway, offer_phone
from ..candidates.selection import refuse, select
from ..capacity.seats import CALLER, Holder
from ..errors import UnknownCall
from ..model.callers import Claim, Endpoint, Phone
from ..model.gateways import RoutingGateway
from ..parameters import Sequence
from ..view import View
from . import refusals
from .call import Call
from .facts import Facts, Stopped, establish
from .refusals import Refusal


class Rotation(Protocol):
    """Positions that go round, one number for the whole cluster (RTE-26)."""

    async def turn(self, key: str) -> int:
        """Return the position under `key` and move it on by one."""


class Outcomes(Protocol):
    """Where the ends of attempts are booked."""

    def book(self, attempt: Attempt, now: datetime) -> None:
        """Take note of how an attempt ended (RTE-13, SIG-26)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended, as far as routing cares."""

    number: int
    endpoint: Endpoint
    answered: bool = False
    progressed: bool = False
    retry_after: timedelta | None = None
    talk: timedelta = timedelta(0)
    abandoned: bool = False
    """The caller gave up before anything rang: no verdict on the gateway (RTE-13)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A call that goes somewhere, with the rules that hold for all of it."""

    first: Offer
    others: tuple[Endpoint, ...]
    max_duration: timedelta | None
    switch_limit: int | None
    until_connect: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a call: what was established of it, and a plan or a refusal."""

    known: Facts | Stopped
    outcome: Plan | Refusal


@dataclass(slots=True)
class _Course:
    """A call under way: its first answer, where it is, and who is left."""

    facts: Facts
    waiting: list[Fit]
    """The next candidate stands last."""
    excluded: list[Exclusion]
    decision: Decision | None = None
    attempt: int = 1
    latest: Offer | Refusal | None = field(default=None)


class Router:
    """Decides over calls. One a process; what it looks at is replaced in `view` as a whole."""

    def __init__(
        self, view: View, rotation: Rotation, outcomes: Outcomes, rng: random.Random
    ) -> None:
        self.view = view
        self._rotation = rotation
        self._outcomes = outcomes
        self._rng = rng
        self._courses: dict[str, _Course] = {}

    async def route(self, call: Call, now: datetime) -> Decision:
        """Return where the call goes, the caller's seat and the first candidate's taken."""
        course = self._courses.get(call.id)
        if course is not None and course.decision is not None:
            return course.decision
        facts = establish(call, self.view, self._rng)
        if isinstance(facts, Stopped):
            return Decision(facts, facts.refusal)
        outcome = await self._seat_caller(facts, now) or await self._send(facts, now)
        if isinstance(outcome, Refusal):
            await self.view.seats.release(call.id)
        return Decision(facts, outcome)

    async def next(self, call_id: str, failed: Attempt, now: datetime) -> Offer | Refusal:
        """Return the next candidate with its seat, or that none is left.

        Raises `UnknownCall` for a call that is not under way here.
        """
        course = self._courses.get(call_id)
        if course is None:
            raise UnknownCall(f"no call {call_id} is under way")
        if failed.number < course.attempt and course.latest is not None:
            return course.latest
        await self.view.seats.give_back(call_id, failed.number)
        self._outcomes.book(failed, now)
        course.attempt = failed.number + 1
        course.latest = await self._seat_next(course, now)
        return course.latest

    async def release(self, call_id: str, last: Attempt | None, now: datetime) -> None:
        """Free every seat of the call and book its last attempt. A repeat books nothing."""
        course = self._courses.pop(call_id, None)
        await self.view.seats.release(call_id)
        if course is not None and last is not None:
            self._outcomes.book(last, now)

    async def expire(self, now: datetime) -> None:
        """Free the seats of lost signaling instances and forget their calls."""
        for call_id in await self.view.seats.expire(now.timestamp()):
            self._courses.pop(call_id, None)

    def under_way(self) -> int:
        """Return how many calls are remembered."""
        return len(self._courses)

    async def _seat_caller(self, facts: Facts, now: datetime) -> Refusal | None:
        refused = await self._seat(facts, facts.caller.claims, CALLER, now)
        return refusals.full(self._no_seat(refused)) if refused else None

    async def _send(self, facts: Facts, now: datetime) -> Plan | Refusal:
        if facts.phone is not None:
            return await self._to_phone(facts, facts.phone, now)
        selection = select(facts, self.view, self._rng)
        course = _Course(facts, selection.candidates[::-1], selection.excluded)
        first = await self._seat_next(course, now)
        return first if isinstance(first, Refusal) else self._begin(course, first)

    async def _to_phone(self, facts: Facts, phone: Phone, now: datetime) -> Plan | Refusal:
        offer = offer_phone(phone, facts, self.view, self._rng)
        if isinstance(offer, Refusal):
            return offer
        if refused := await self._seat(facts, offer.claims, 1, now):
            return refusals.busy(self._no_seat(refused))
        return self._begin(_Course(facts, [], []), offer)

    def _begin(self, course: _Course, first: Offer) -> Plan:
        plan = Plan(
            first,
            tuple(fit.gateway.endpoint for fit in reversed(course.waiting)),
            draw_duration(course.facts.caller.duration, self._rng),
            self.view.parameters.switch_limit,
            self.view.parameters.switch_until_connect,
        )
        course.decision = Decision(course.facts, plan)
        self._courses[course.facts.call.id] = course
        return plan

    async def _seat_next(self, course: _Course, now: datetime) -> Offer | Refusal:
        """Take candidates in their order until one has a seat (RTE-07, capacity anew)."""
        facts = course.facts
        while course.waiting:
            fit = course.waiting.pop()
            offer = offer_gateway(fit, facts, self.view, self._rng, await self._turn(fit.gateway))
            if isinstance(offer, Exclusion):
                course.excluded.append(offer)
            elif refused := await self._seat(facts, offer.claims, course.attempt, now):
                full = Exclusion(fit.gateway, Excluded.CAPACITY, self._no_seat(refused))
                course.excluded.append(full)
            else:
                return offer
        if course.decision is None:
            return refuse(facts.routed, course.excluded)
        return refusals.no_route("every candidate was tried")

    async def _turn(self, gateway: RoutingGateway) -> int:
        """Return the place in the caller pool whose turn it is (RTE-26)."""
        if not gateway.pool:
            return 0
        if self.view.parameters.pool_sequence is Sequence.POLL:
            return await self._rotation.turn(gateway.key)
        return self._rng.randrange(len(gateway.pool))

    async def _seat(
        self, facts: Facts, claims: tuple[Claim, ...], slot: int, now: datetime
    ) -> Claim | None:
        holder = Holder(facts.call.id, slot, facts.call.instance)
        return await self.view.seats.take(holder, claims, now.timestamp())

    def _no_seat(self, claim: Claim) -> str:
        return no_seat(claim, self.view.seats.calls(claim.key))
