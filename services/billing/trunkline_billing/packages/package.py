"""What a package sells, when its periods begin, and what is left of one (BIL-15). Pure."""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..money import ZERO
from ..rating.tariff import NOTHING

DAY: Final = timedelta(days=1)


class RentType(StrEnum):
    """What a period is measured in."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    ONCE = "once"
    """One period, its length in seconds."""


class FailedProcess(StrEnum):
    """What happens when the rent cannot be paid."""

    WAIT = "wait"
    """It begins when the money is there."""
    NEXT = "next"
    """It is tried again with the next period."""
    DELETE = "delete"
    """The order is removed."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Seconds to some prefixes, at some time of the day (UTC)."""

    prefixes: tuple[str, ...]
    time: timedelta
    begin: timedelta = NOTHING
    end: timedelta = DAY

    def match(self, callee: str, moment: datetime) -> int:
        """Return the length of the longest prefix that serves a call, 0 when none does."""
        clock = moment.astimezone(UTC)
        of_day = clock - clock.replace(hour=0, minute=0, second=0, microsecond=0)
        if not self.begin <= of_day < self.end:
            return 0
        return max((len(one) for one in self.prefixes if callee.startswith(one)), default=0)


@dataclass(frozen=True, slots=True)
class Package:
    """What is sold."""

    rent: Decimal
    rent_type: RentType
    rent_period: int
    """Days, months or years; seconds of one that is sold once."""
    gifts: tuple[Gift, ...] = ()
    gift_money: Decimal = ZERO
    min_consumption: Decimal = ZERO
    """What calls of a period cost at least; the shortfall is charged at its end."""


@dataclass(frozen=True, slots=True)
class Order:
    """A package that an account has."""

    name: str
    account: str
    package: Package
    available: datetime
    expires: datetime | None = None
    priority: int = 0
    """The highest is used first."""
    failed: FailedProcess = FailedProcess.WAIT
    rent_percent: Decimal = Decimal(100)

    def period_at(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """Return begin and end of the period that `moment` is in; None outside of the order."""
        if moment < self.available or (self.expires is not None and moment >= self.expires):
            return None
        package = self.package
        if package.rent_type is RentType.ONCE:
            end = self.available + timedelta(seconds=package.rent_period)
            return (self.available, end) if moment < end else None
        if package.rent_type is RentType.DAY:
            length = package.rent_period * DAY
            begin = self.available + (moment - self.available) // length * length
            return begin, begin + length
        months = package.rent_period * (12 if package.rent_type is RentType.YEAR else 1)
        return _months_around(self.available, months, moment)

    @property
    def rent(self) -> Decimal:
        """Rent of one period, before rounding."""
        return self.package.rent * self.rent_percent / 100


@dataclass(slots=True)
class Period:
    """What is left of the present period of an order."""

    order: str
    account: str
    begin: datetime
    end: datetime
    left: list[timedelta]
    """Of each gift of the package."""
    consumed: Decimal = ZERO
    """What calls cost in it."""
    current: bool = True
    """False: its rent was not paid, nothing can be used."""


@dataclass(frozen=True, slots=True)
class GiftPart:
    """Time taken from one gift."""

    order: str
    gift: int
    time: timedelta


@dataclass(slots=True)
class Shelf:
    """Orders by name, and the present periods of one till."""

    orders: Mapping[str, Order] = field(default_factory=dict)
    periods: dict[str, Period] = field(default_factory=dict)
    """By order."""

    def available(self, account: str, callee: str, moment: datetime) -> timedelta:
        """Return the gift time an account has left for a call."""
        parts = self._matching(account, callee, moment)
        return sum((period.left[gift] for period, gift in parts), NOTHING)

    def take(
        self, account: str, callee: str, moment: datetime, wanted: timedelta
    ) -> tuple[GiftPart, ...]:
        """Take up to `wanted`: longest prefix first, then highest priority."""
        taken = []
        for period, gift in self._matching(account, callee, moment):
            time = min(period.left[gift], wanted)
            if time > NOTHING:
                period.left[gift] -= time
                wanted -= time
                taken.append(GiftPart(period.order, gift, time))
        return tuple(taken)

    def give_back(self, parts: Iterable[GiftPart]) -> None:
        """Put back what was taken, unless its period is over."""
        for part in parts:
            period = self.periods.get(part.order)
            if period is not None and part.gift < len(period.left):
                order = self.orders.get(part.order)
                most = order.package.gifts[part.gift].time if order else period.left[part.gift]
                period.left[part.gift] = min(period.left[part.gift] + part.time, most)

    def of(self, account: str) -> list[Period]:
        """Return the present periods of an account."""
        return [period for period in self.periods.values() if period.account == account]

    def _matching(self, account: str, callee: str, moment: datetime) -> list[tuple[Period, int]]:
        found = []
        for period in self.of(account):
            order = self.orders.get(period.order)
            if order is None or not period.current or not period.begin <= moment < period.end:
                continue
            for index, gift in enumerate(order.package.gifts[: len(period.left)]):
                length = gift.match(callee, moment)
                if length:
                    found.append(((-length, -order.priority, order.name, index), period, index))
        return [(period, index) for _, period, index in sorted(found, key=lambda one: one[0])]


def gift_time(parts: Iterable[GiftPart]) -> timedelta:
    """Return how much was taken."""
    return sum((part.time for part in parts), NOTHING)


def _months_around(first: datetime, months: int, moment: datetime) -> tuple[datetime, datetime]:
    passed = (moment.year - first.year) * 12 + moment.month - first.month
    count = passed // months
    if _add_months(first, count * months) > moment:
        count -= 1
    return _add_months(first, count * months), _add_months(first, (count + 1) * months)


def _add_months(first: datetime, months: int) -> datetime:
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    return first.replace(year=year, month=month, day=min(first.day, monthrange(year, month)[1]))
