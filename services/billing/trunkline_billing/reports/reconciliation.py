"""Our calls against a peer's or vendor's statement (BIL-14). Pure.

First the totals: calls, billed seconds, amount, each with its deviation. Then call by call: matched
by both numbers and a start within the tolerance, nearest first; what is left over on either side is
missing on the other.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ..money import ZERO


@dataclass(frozen=True, slots=True)
class StatedCall:
    """An answered call as one side's books have it."""

    caller: str
    callee: str
    """Number as sent to the vendor."""
    start: datetime
    """When it was answered."""
    billed: timedelta
    amount: Decimal
    reference: str = ""
    """Our call id, or the line of their statement."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What two books may differ in without a dispute."""

    start: timedelta = timedelta(seconds=5)
    billed: timedelta = timedelta(seconds=1)
    amount: Decimal = Decimal("0.0001")
    percent: Decimal = Decimal("0.5")
    """Of each total."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What is exchanged first."""

    calls: int = 0
    billed: timedelta = timedelta(0)
    amount: Decimal = ZERO

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(
            self.calls + other.calls, self.billed + other.billed, self.amount + other.amount
        )


class Finding(StrEnum):
    """What is wrong with one call."""

    MISSING_OURS = "missing on our side"
    MISSING_THEIRS = "missing on their side"
    DURATION = "duration differs"
    AMOUNT = "amount differs"


@dataclass(frozen=True, slots=True)
class Dispute:
    """One call the books disagree on."""

    finding: Finding
    ours: StatedCall | None
    theirs: StatedCall | None

    @property
    def amount(self) -> Decimal:
        """What they charge more than we have; negative when they charge less."""
        return (self.theirs.amount if self.theirs else ZERO) - (
            self.ours.amount if self.ours else ZERO
        )


@dataclass(slots=True)
class Reconciliation:
    """The whole comparison."""

    ours: Totals
    theirs: Totals
    tolerance: Tolerance
    matched: int = 0
    disputes: list[Dispute] = field(default_factory=list)

    @property
    def deviates(self) -> bool:
        """Whether any total deviates by more than the tolerance."""
        return max(self.deviations()) > self.tolerance.percent

    def deviations(self) -> tuple[Decimal, Decimal, Decimal]:
        """Return the deviations of calls, seconds and amount in percent of ours."""
        seconds = timedelta(seconds=1)
        return (
            _percent(Decimal(self.ours.calls), Decimal(self.theirs.calls)),
            _percent(Decimal(self.ours.billed // seconds), Decimal(self.theirs.billed // seconds)),
            _percent(self.ours.amount, self.theirs.amount),
        )

    @property
    def disputed(self) -> Decimal:
        """What they charge more than we have, over all disputes."""
        return sum((dispute.amount for dispute in self.disputes), ZERO)


def reconcile(
    ours: Iterable[StatedCall], theirs: Iterable[StatedCall], tolerance: Tolerance
) -> Reconciliation:
    """Compare two books of the same traffic."""
    own, stated = list(ours), sorted(theirs, key=lambda call: call.start)
    result = Reconciliation(totals(own), totals(stated), tolerance)
    open_calls: defaultdict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)
    for index, call in enumerate(own):
        insort(open_calls[_numbers(call)], (call.start, index))
    for call in stated:
        match = _nearest(open_calls[_numbers(call)], call.start, tolerance.start)
        if match is None:
            result.disputes.append(Dispute(Finding.MISSING_OURS, None, call))
        else:
            result.matched += 1
            result.disputes += _differences(own[match], call, tolerance)
    left = sorted(index for calls in open_calls.values() for _, index in calls)
    result.disputes += [Dispute(Finding.MISSING_THEIRS, own[index], None) for index in left]
    return result


def totals(calls: Iterable[StatedCall]) -> Totals:
    """Return the sums over calls."""
    count, billed, amount = 0, timedelta(0), ZERO
    for call in calls:
        count += 1
        billed += call.billed
        amount += call.amount
    return Totals(count, billed, amount)


def _numbers(call: StatedCall) -> tuple[str, str]:
    return call.caller.removeprefix("+"), call.callee.removeprefix("+")


def _nearest(calls: list[tuple[datetime, int]], start: datetime, within: timedelta) -> int | None:
    """Take the call that began nearest to `start` out of `calls`, if one did within reach."""
    if not calls:
        return None
    place = min(range(len(calls)), key=lambda at: abs(calls[at][0] - start))
    if abs(calls[place][0] - start) > within:
        return None
    return calls.pop(place)[1]


def _differences(ours: StatedCall, theirs: StatedCall, tolerance: Tolerance) -> list[Dispute]:
    if abs(ours.billed - theirs.billed) > tolerance.billed:
        return [Dispute(Finding.DURATION, ours, theirs)]
    if abs(ours.amount - theirs.amount) > tolerance.amount:
        return [Dispute(Finding.AMOUNT, ours, theirs)]
    return []


def _percent(ours: Decimal, theirs: Decimal) -> Decimal:
    if ours == theirs:
        return ZERO
    return Decimal(100) if not ours else abs(ours - theirs) * 100 / abs(ours)
