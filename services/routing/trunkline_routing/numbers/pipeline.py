"""The stages a call's two numbers pass, each with what it made of them and by which rule (RTE-02).

The mapping side runs once for a call; account, rating, LRN and prefix match use what it leaves. The
routing side starts from there again for every attempt, so that no gateway sees another's rewriting.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from .dialplan import DialPlan
from .digits import Number, checked
from .transform import Party, Point, TransformTable


class Stage(StrEnum):
    """A place where a number may change, in the order of RTE-02."""

    MAPPING_MOBILE_AREA = "mappingMobileArea"
    MAPPING_DIAL_PLAN = "mappingDialPlan"
    MAPPING_TRANSFORM = "mappingTransform"
    PORTABILITY = "portability"
    PROPORTIONAL_PREFIX = "proportionalPrefix"
    ROUTING_MOBILE_AREA = "routingMobileArea"
    ROUTING_DIAL_PLAN = "routingDialPlan"
    ROUTING_TRANSFORM = "routingTransform"
    CALLER_POOL = "callerPool"
    ASSERTED_IDENTITY = "assertedIdentity"


class Step(NamedTuple):
    """What one stage did to one number; `rule` is empty when none applied."""

    stage: Stage
    party: Party
    before: str
    after: str
    rule: str


class Numbers(NamedTuple):
    """Who calls and who is called, at one point of the pipeline."""

    caller: Number
    callee: Number


class Staged(NamedTuple):
    """The numbers at the end of a side of the pipeline, and how they got there."""

    numbers: Numbers
    steps: tuple[Step, ...]


class MobileAreas(Protocol):
    """What the mobile tables know (MGT-15)."""

    def mobile_area(self, number: str) -> str | None:
        """Return the code of the area whose mobile prefix begins `number`."""


class _NoAreas:
    def mobile_area(self, number: str) -> str | None:
        return None


NO_AREAS: Final[MobileAreas] = _NoAreas()
_NO_PLAN: Final = DialPlan.parse("")


@dataclass(frozen=True, slots=True)
class Rules:
    """How one gateway rewrites the two numbers."""

    caller_plan: DialPlan = _NO_PLAN
    callee_plan: DialPlan = _NO_PLAN
    caller_transform: bool = False
    callee_transform: bool = False
    mobile_areas: frozenset[str] = frozenset()
    """Area codes that are put before a callee whose mobile prefix belongs to them."""

    def with_plans(self, caller: DialPlan, callee: DialPlan) -> Rules:
        """Return the same rules with other dial plans (RTE-21)."""
        return replace(self, caller_plan=caller, callee_plan=callee)


@dataclass(frozen=True, slots=True)
class Tables:
    """The platform's own tables that stages consult."""

    transforms: TransformTable = field(default_factory=TransformTable)
    areas: MobileAreas = NO_AREAS


def map_numbers(received: Numbers, rules: Rules, tables: Tables, rng: random.Random) -> Staged:
    """Take the received numbers through the mapping side: stages 2 and 3.

    Raises `NumberTooLong` when a rule writes more than 32 digits.
    """
    return _rewrite(received, rules, tables, rng, Point.MAPPING)


def route_numbers(mapped: Numbers, rules: Rules, tables: Tables, rng: random.Random) -> Staged:
    """Take the mapped numbers through a routing gateway: stages 6 and 7.

    Raises `NumberTooLong` when a rule writes more than 32 digits.
    """
    return _rewrite(mapped, rules, tables, rng, Point.ROUTING)


def rewrite_identity(mapped_caller: Number, plan: DialPlan, rng: random.Random) -> Number:
    """Return the caller as P-Asserted-Identity shows it: by its own plan alone (SIG-12)."""
    rewritten = plan.apply(mapped_caller, rng)
    return checked(rewritten.number) if rewritten else mapped_caller


class _Course(NamedTuple):
    """The names that one side of the pipeline gives to its stages."""

    area: Stage
    plan: Stage
    transform: Stage


_COURSES: Final = {
    Point.MAPPING: _Course(
        Stage.MAPPING_MOBILE_AREA, Stage.MAPPING_DIAL_PLAN, Stage.MAPPING_TRANSFORM
    ),
    Point.ROUTING: _Course(
        Stage.ROUTING_MOBILE_AREA, Stage.ROUTING_DIAL_PLAN, Stage.ROUTING_TRANSFORM
    ),
}


class _Passage:
    """One number on its way, with the steps it took."""

    def __init__(self, party: Party, number: Number, steps: list[Step]) -> None:
        self.number = number
        self._party = party
        self._steps = steps

    def area(self, stage: Stage, wanted: frozenset[str], areas: MobileAreas) -> None:
        code = areas.mobile_area(self.number) if wanted else None
        if code is not None and code in wanted:
            self._step(stage, code + self.number, f"area {code}")

    def plan(self, stage: Stage, plan: DialPlan, rng: random.Random) -> None:
        if not plan:
            return
        if rewritten := plan.apply(self.number, rng):
            self._step(stage, rewritten.number, str(rewritten.rule))
        else:
            self._step(stage, self.number, "")

    def transform(self, stage: Stage, table: TransformTable, point: Point) -> None:
        transformed = table.apply(self.number, self._party, point)
        if transformed is None:
            self._step(stage, self.number, "")
        else:
            self._step(stage, transformed.number, str(transformed.row))

    def _step(self, stage: Stage, after: str, rule: str) -> None:
        self._steps.append(Step(stage, self._party, self.number, after, rule))
        self.number = checked(after)


def _rewrite(
    numbers: Numbers, rules: Rules, tables: Tables, rng: random.Random, point: Point
) -> Staged:
    course = _COURSES[point]
    steps: list[Step] = []
    caller = _Passage(Party.CALLER, numbers.caller, steps)
    callee = _Passage(Party.CALLEE, numbers.callee, steps)
    callee.area(course.area, rules.mobile_areas, tables.areas)
    caller.plan(course.plan, rules.caller_plan, rng)
    callee.plan(course.plan, rules.callee_plan, rng)
    if rules.caller_transform:
        caller.transform(course.transform, tables.transforms, point)
    if rules.callee_transform:
        callee.transform(course.transform, tables.transforms, point)
    return Staged(Numbers(caller.number, callee.number), tuple(steps))


def changes(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return only the steps at which a rule applied."""
    return tuple(step for step in steps if step.rule)
