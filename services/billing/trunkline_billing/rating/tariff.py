"""The price of a destination and what a call of a given length costs at it (BIL-02, BIL-05).

`rate_call` is the whole rule from milliseconds to money; `longest_talk` is its inverse. Which
tariff applies to a number is `deck`'s business.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from ..errors import BadRate
from ..money import MAX_DECIMALS, ZERO, Rounding

NOTHING: Final = timedelta(0)
SECOND: Final = timedelta(seconds=1)
MILLISECOND: Final = timedelta(milliseconds=1)
LONGEST: Final = timedelta(days=365)
"""A call that could go on for this long may go on for ever: no timer is set for it."""

FOR_PEOPLE: Final = Rounding(precision=6)
CENTS: Final = Rounding()


@dataclass(frozen=True, slots=True)
class Section:
    """A first stretch of the call sold whole: `fee` once for up to `time`."""

    fee: Decimal
    time: timedelta

    def __post_init__(self) -> None:
        _require_fee(self.fee, "section fee")
        _require_whole_seconds(self.time, "section time")


@dataclass(frozen=True, slots=True)
class Tariff:
    """Sections in their order, then `fee` for every `period` begun.

    All fees are in units of 1/`divisor` of the currency. BIL-01's own terms have a divisor of 1;
    a price per minute charged by the second has one of 60, and so stays exact.
    """

    fee: Decimal
    period: timedelta
    sections: tuple[Section, ...] = ()
    divisor: int = 1

    def __post_init__(self) -> None:
        _require_fee(self.fee, "fee")
        _require_whole_seconds(self.period, "period")
        assert self.divisor > 0

    @property
    def first_unit(self) -> timedelta:
        """The least that can be sold: the first section, or one period."""
        return self.sections[0].time if self.sections else self.period

    @property
    def price_per_minute(self) -> Decimal:
        """Price of a minute of whole periods to six decimals: for people, never charged by."""
        return FOR_PEOPLE.quotient(self.fee * 60, self.divisor * (self.period // SECOND))


@dataclass(frozen=True, slots=True)
class RatingRules:
    """The billing parameters in force for a call (BIL-02)."""

    hold_time_precision: timedelta = timedelta(milliseconds=50)
    """Fraction of a second from which a call is rounded up; SERVER_BILLING_HOLD_TIME_PRECISION."""
    free_time: timedelta = NOTHING
    """Taken off every call before rating; SERVER_BILLING_FREE_TIME."""
    rounding: Rounding = CENTS


class Charge(NamedTuple):
    """What one party pays for one call."""

    fee: Decimal
    """Rounded by the one rule; not negative."""
    fee_time: timedelta
    """Time that was sold for money: sections used and periods begun."""
    gift_time: timedelta = NOTHING
    """Package time used before money (BIL-15)."""


NO_CHARGE: Final = Charge(ZERO, NOTHING)
DEFAULT_RULES: Final = RatingRules()


def per_minute(price: Decimal, first_interval: timedelta, interval: timedelta) -> Tariff:
    """Return the tariff of the shorthand: a price per minute, a first interval, then intervals.

    A first interval equal to the others needs no section.
    """
    fee = price * (interval // SECOND)
    if first_interval == interval:
        return Tariff(fee, interval, divisor=60)
    first = Section(price * (first_interval // SECOND), first_interval)
    return Tariff(fee, interval, (first,), divisor=60)


def with_connect_fee(tariff: Tariff, fee: Decimal) -> Tariff:
    """Return the tariff with `fee` added once to whatever is sold first."""
    if not fee:
        return tariff
    first = tariff.sections[0] if tariff.sections else Section(tariff.fee, tariff.period)
    dearer = Section(first.fee + fee * tariff.divisor, first.time)
    return Tariff(tariff.fee, tariff.period, (dearer, *tariff.sections[1:]), tariff.divisor)


def hold_time(talk: timedelta, precision: timedelta) -> timedelta:
    """Return `talk` in whole seconds, a fraction of `precision` or more rounded up (BIL-02.2)."""
    whole = timedelta(talk.days, talk.seconds)
    fraction = talk.microseconds // 1000 * MILLISECOND  # the rule counts in milliseconds
    up = fraction > NOTHING and fraction >= precision
    return whole + SECOND if up else whole


def charge(tariff: Tariff, billable: timedelta, rounding: Rounding) -> Charge:
    """Return what `billable` time costs; the exact sum is rounded once."""
    total, used, rest = ZERO, NOTHING, billable
    for section in tariff.sections:
        if rest <= NOTHING:
            break
        total += section.fee
        used += section.time
        rest -= section.time
    if rest > NOTHING:
        periods = -(-rest // tariff.period)
        total += tariff.fee * periods
        used += periods * tariff.period
    return Charge(rounding.quotient(total, tariff.divisor), used)


def rate_call(
    tariff: Tariff, talk: timedelta, rules: RatingRules, gift: timedelta = NOTHING
) -> Charge:
    """Return what a call costs from answer to release, `gift` package time used first (BIL-02)."""
    held = hold_time(talk, rules.hold_time_precision)
    billable = max(held - rules.free_time, NOTHING)
    given = min(gift, billable)
    paid = charge(tariff, billable - given, rules.rounding)
    return Charge(paid.fee, paid.fee_time, given)


def longest_talk(
    tariff: Tariff, spendable: Decimal, rules: RatingRules, gift: timedelta = NOTHING
) -> timedelta | None:
    """Return the longest hold time whose charge is at most `spendable` (BIL-05).

    None means without limit; zero that not even the first unit can be paid.
    """
    paid = _longest_paid(tariff, rules.rounding.bound(max(spendable, ZERO)))
    if paid is None:
        return None
    whole = paid + gift
    if not whole:
        return NOTHING
    return whole + rules.free_time


def _longest_paid(tariff: Tariff, bound: Decimal) -> timedelta | None:
    """Return the longest billable time that costs less than `bound`, before rounding."""
    left, length = bound * tariff.divisor, NOTHING
    for section in tariff.sections:
        left -= section.fee
        if left <= ZERO:
            return length
        length += section.time
    if not tariff.fee:
        return None
    periods, over = divmod(left, tariff.fee)
    count = int(periods) if over else int(periods) - 1
    return length + count * tariff.period if count < LONGEST // tariff.period else None


def _require_fee(fee: Decimal, what: str) -> None:
    exponent = fee.as_tuple().exponent
    if not isinstance(exponent, int) or fee < 0 or -exponent > MAX_DECIMALS:
        raise BadRate(f"{what} {fee}: expected 0 or more, at most {MAX_DECIMALS} decimals")


def _require_whole_seconds(span: timedelta, what: str) -> None:
    if span < SECOND or span % SECOND:
        raise BadRate(f"{what} {span / SECOND:g} s: expected whole seconds, 1 or more")
