"""Peers whose books are compared with ours, and what came of it (BIL-14). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..alarms.alarm import AlarmType, Condition, Level
from ..money import Currency
from ..reports.reconciliation import Reconciliation, Tolerance, Totals

DAY: Final = timedelta(days=1)
RUN_AT: Final = timedelta(hours=2)
"""Time after the end of a day (UTC) at which its books are compared."""
RETRY: Final = timedelta(hours=1)
RETRIED_DAYS: Final = 7
"""How many days back a comparison is still owed."""


class Direction(StrEnum):
    """Which calls between two platforms."""

    OUTGOING = "outgoing"
    """Calls we send to the peer: costs on its clearing account."""
    INCOMING = "incoming"
    """Calls the peer sends us: charges to its account."""

    @property
    def opposite(self) -> "Direction":
        """The same calls as the other side sees them."""
        return Direction.INCOMING if self is Direction.OUTGOING else Direction.OUTGOING


@dataclass(frozen=True, slots=True)
class Peer:
    """Another platform that keeps books of the same calls."""

    name: str
    account: str
    """Our account of the traffic."""
    direction: Direction
    key: bytes = field(repr=False)
    """Shared with the peer."""
    endpoint: str = ""
    """URL of the peer's door. Empty: it asks us, we never ask it."""
    peer_account: str = ""
    """The peer's account of the same traffic."""
    tolerance: Decimal = Tolerance().percent
    enabled: bool = True


class Status(StrEnum):
    """What came of a comparison."""

    MATCHED = "matched"
    DEVIATION = "deviation"
    NO_ANSWER = "no answer"
    REFUSED = "refused"
    """The peer answered that it will not, or cannot, tell."""


@dataclass(frozen=True, slots=True)
class Book:
    """One side's totals of a day."""

    totals: Totals
    currency: Currency | None
    """None when there were no calls."""


@dataclass(frozen=True, slots=True)
class Record:
    """The comparison of one day with one peer. The last try replaces the one before."""

    peer: str
    day: date
    status: Status
    checked_at: datetime
    ours: Book
    theirs: Book | None = None
    explanation: str = ""


def judge(peer: Peer, day: date, ours: Book, theirs: Book, now: datetime) -> Record:
    """Return whether two books of a day agree within the tolerance."""
    if ours.currency and theirs.currency and ours.currency != theirs.currency:
        problem = f"we keep {ours.currency}, they {theirs.currency}"
        return Record(peer.name, day, Status.DEVIATION, now, ours, theirs, problem)
    found = Reconciliation(ours.totals, theirs.totals, Tolerance(percent=peer.tolerance))
    if not found.deviates:
        return Record(peer.name, day, Status.MATCHED, now, ours, theirs)
    calls, seconds, amount = (f"{part:.2f} %" for part in found.deviations())
    problem = f"calls differ by {calls}, seconds by {seconds}, amount by {amount}"
    return Record(peer.name, day, Status.DEVIATION, now, ours, theirs, problem)


def due(
    peers: Iterable[Peer], records: Mapping[tuple[str, date], Record], now: datetime
) -> Iterator[tuple[Peer, date]]:
    """Yield what is to be compared now: the day before from 02:00 on, and what got no answer.

    A day that was slept through is made up for when one before it is on record.
    """
    today = now.astimezone(UTC).date()
    for peer in peers:
        if not (peer.enabled and peer.endpoint):
            continue
        known = [day for name, day in records if name == peer.name]
        first = min(known, default=today - DAY)
        for ago in range(RETRIED_DAYS, 0, -1):
            day = today - ago * DAY
            if day >= first and _is_due(records.get((peer.name, day)), day, now):
                yield peer, day


def _is_due(record: Record | None, day: date, now: datetime) -> bool:
    if record is None:
        return now >= begin_of(day + DAY) + RUN_AT
    return record.status is Status.NO_ANSWER and now - record.checked_at >= RETRY


def begin_of(day: date) -> datetime:
    """Return when a day begins (UTC)."""
    return datetime.combine(day, time(), UTC)


def conditions(
    peers: Iterable[Peer], records: Mapping[tuple[str, date], Record]
) -> Iterator[Condition]:
    """Yield the peers whose last comparison failed, as alarms (MGT-13)."""
    for peer in peers:
        days = [day for name, day in records if name == peer.name]
        if not (peer.enabled and days):
            continue
        last = records[peer.name, max(days)]
        if last.status is not Status.MATCHED:
            level = Level.MAJOR if last.status is Status.DEVIATION else Level.MINOR
            evidence = f"{last.day}: {last.status}: {last.explanation}"
            yield Condition(AlarmType.RECONCILIATION, peer.name, level, evidence=evidence)
