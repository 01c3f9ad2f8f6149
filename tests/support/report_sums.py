"""Reports summed up call by call in Python: what the database's sums are held against (BIL-16)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from trunkline_billing.cdrs.cdr import Cdr
from trunkline_billing.reports.report import DURATION_CLASSES, LONGEST_CLASS, Dimension, Row

SECOND: Final = timedelta(seconds=1)


class Try(NamedTuple):
    """One call, or one attempt of it where vendors are told apart."""

    cdr: Cdr
    vendor: str
    answered: bool
    attempt: dict[str, Any] | None
    is_last: bool


def summed(cdrs: Iterable[Cdr], dimensions: Sequence[Dimension]) -> list[Row]:
    """Return the groups of CDRs in the order of their keys."""
    rows: dict[tuple[object, ...], Row] = {}
    for cdr in cdrs:
        for one in tries(cdr) if Dimension.VENDOR in dimensions else whole(cdr):
            keys = tuple(KEYS[dimension](one) for dimension in dimensions)
            charge = cdr.payer.currency if cdr.payer else None
            cost = cdr.vendor.currency if cdr.vendor else None
            add(rows.setdefault((keys, charge, cost), Row(keys, charge, cost)), one)
    by = lambda row: (row.keys, row.charge_currency or "", row.cost_currency or "")  # noqa: E731
    return sorted(rows.values(), key=by)


def add(row: Row, one: Try) -> None:
    """Count one call or attempt."""
    row.calls += 1
    row.answered += one.answered
    if one.attempt is not None and "post_dial_delay" in one.attempt:
        row.delays += 1
        row.delay += timedelta(seconds=float(one.attempt["post_dial_delay"].removesuffix("s")))
    if not one.is_last:
        return
    payer, vendor = one.cdr.payer, one.cdr.vendor
    row.hold_time += one.cdr.hold_time
    row.by_level[payer.level if payer else 0] += one.cdr.hold_time
    if payer is not None:
        row.charge += payer.fee
        row.charged_time += payer.fee_time
    if vendor is not None:
        row.cost += vendor.fee


def whole(cdr: Cdr) -> Iterator[Try]:
    """Yield the call itself."""
    last = cdr.call.attempts[-1] if cdr.call.attempts else None
    yield Try(cdr, "", cdr.call.answer_time is not None, last, is_last=True)


def tries(cdr: Cdr) -> Iterator[Try]:
    """Yield every attempt; time and money belong to the last one."""
    attempts = cdr.call.attempts
    for attempt in attempts:
        vendor = attempt.get("endpoint", {}).get("name", "")
        answered = attempt.get("answered", False)
        yield Try(cdr, vendor, answered, attempt, is_last=attempt is attempts[-1])


def duration_class(span: timedelta) -> str:
    """Return the class of a talk time (MGT-11)."""
    seconds = span // SECOND
    return next((name for most, name in DURATION_CLASSES if seconds <= most), LONGEST_CLASS)


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
