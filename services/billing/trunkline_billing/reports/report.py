"""Adds up CDRs in groups (BIL-16, MGT-11). Pure: the same CDRs give the same report."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from ..cdrs.cdr import NOTHING, Cdr
from ..money import ZERO, Currency

SECOND: Final = timedelta(seconds=1)


class Dimension(IntEnum):
    """What a report groups by. The numbers are those on the wire."""

    HOUR = 1
    DAY = 2
    MONTH = 3
    ACCOUNT = 4
    CLEARING_ACCOUNT = 5
    CALLER = 6
    VENDOR = 7
    PREFIX = 8
    CALL_END_REASON = 9
    DURATION = 10


DURATION_CLASSES: Final = (
    (0, "0"),
    (10, "1-10"),
    (30, "11-30"),
    (60, "31-60"),
    (180, "61-180"),
    (600, "181-600"),
)


@dataclass(frozen=True, slots=True)
class Try:
    """One call, or one attempt of it where vendors are told apart."""

    cdr: Cdr
    vendor: str
    answered: bool
    post_dial_delay: timedelta | None
    carries_money: bool
    """Whether the call's time and money count here: on its last attempt."""


@dataclass(slots=True)
class Row:
    """One group."""

    keys: tuple[str, ...]
    charge_currency: Currency | None
    cost_currency: Currency | None
    calls: int = 0
    answered: int = 0
    hold_time: timedelta = NOTHING
    charged_time: timedelta = NOTHING
    charge: Decimal = ZERO
    cost: Decimal = ZERO
    delays: list[timedelta] = field(default_factory=list)
    by_level: defaultdict[int, timedelta] = field(default_factory=lambda: defaultdict(timedelta))

    @property
    def post_dial_delay(self) -> timedelta | None:
        """Mean of the delays that are known."""
        return sum(self.delays, NOTHING) / len(self.delays) if self.delays else None

    def add(self, one: Try) -> None:
        """Count one call or attempt."""
        self.calls += 1
        self.answered += one.answered
        if one.post_dial_delay is not None:
            self.delays.append(one.post_dial_delay)
        if not one.carries_money:
            return
        payer, vendor = one.cdr.payer, one.cdr.vendor
        self.hold_time += one.cdr.hold_time
        self.by_level[payer.level if payer else 0] += one.cdr.hold_time
        if payer is not None:
            self.charge += payer.fee
            self.charged_time += payer.fee_time
        if vendor is not None:
            self.cost += vendor.fee


class Report:
    """Sums that grow CDR by CDR."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self._keys = [KEYS[dimension] for dimension in dimensions]
        self._tries = tries_of if Dimension.VENDOR in dimensions else calls_of
        self._rows: dict[tuple[object, ...], Row] = {}

    def add(self, cdr: Cdr) -> None:
        """Count a call."""
        charge = cdr.payer.currency if cdr.payer else None
        cost = cdr.vendor.currency if cdr.vendor else None
        for one in self._tries(cdr):
            keys = tuple(key(one) for key in self._keys)
            row = self._rows.setdefault((keys, charge, cost), Row(keys, charge, cost))
            row.add(one)

    def rows(self) -> list[Row]:
        """Return the groups in the order of their keys."""
        return sorted(
            self._rows.values(),
            key=lambda row: (row.keys, row.charge_currency or "", row.cost_currency or ""),
        )


def calls_of(cdr: Cdr) -> Iterator[Try]:
    """Yield the call itself."""
    attempts = attempts_of(cdr)
    yield Try(
        cdr,
        cdr.call.callee_party.name,
        cdr.call.answer_time is not None,
        _delay(attempts[-1]) if attempts else None,
        carries_money=True,
    )


def tries_of(cdr: Cdr) -> Iterator[Try]:
    """Yield every attempt; time and money belong to the last one."""
    attempts = attempts_of(cdr)
    for attempt in attempts:
        yield Try(
            cdr,
            str(attempt.get("endpoint", {}).get("name", "")),
            bool(attempt.get("answered")),
            _delay(attempt),
            carries_money=attempt is attempts[-1],
        )


def duration_class(span: timedelta) -> str:
    """Return the class of a talk time (MGT-11)."""
    seconds = span // SECOND
    return next((name for most, name in DURATION_CLASSES if seconds <= most), ">600")


def _end(one: Try) -> datetime:
    return one.cdr.call.end_time.astimezone(UTC)


KEYS: Final[dict[Dimension, Callable[[Try], str]]] = {
    Dimension.HOUR: lambda one: f"{_end(one):%Y-%m-%dT%H}",
    Dimension.DAY: lambda one: f"{_end(one):%Y-%m-%d}",
    Dimension.MONTH: lambda one: f"{_end(one):%Y-%m}",
    Dimension.ACCOUNT: lambda one: one.cdr.call.account,
    Dimension.CLEARING_ACCOUNT: lambda one: one.cdr.call.clearing_account,
    Dimension.CALLER: lambda one: one.cdr.call.caller_party.name,
    Dimension.VENDOR: lambda one: one.vendor,
    Dimension.PREFIX: lambda one: one.cdr.payer.prefix if one.cdr.payer else "",
    Dimension.CALL_END_REASON: lambda one: str(int(one.cdr.call.end_reason)),
    Dimension.DURATION: lambda one: duration_class(one.cdr.hold_time),
}


def attempts_of(cdr: Cdr) -> list[dict[str, Any]]:
    """Return a call's attempts as JSON, by the names of the proto."""
    attempts = cdr.call.extension.get("attempts", [])
    assert isinstance(attempts, list)
    return attempts


def _delay(attempt: dict[str, Any]) -> timedelta | None:
    text = attempt.get("post_dial_delay")
    return timedelta(seconds=float(str(text).removesuffix("s"))) if text else None
