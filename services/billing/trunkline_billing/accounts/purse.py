"""What an account holds: its balance, what is held back for calls, what may still be spent.

Also what its calls cost in the present hour and day (UTC), and at which prices, which the fraud
brakes look at.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ..money import ZERO

MEMORY: Final = 24
"""Hours with calls that the usual price remembers: each new one weighs a 24th."""
PRICE_STEP: Final = Decimal("0.00000001")


@dataclass(slots=True)
class Purse:
    """Money of one account. `balance` is the sum of its ledger entries, kept beside them."""

    balance: Decimal = ZERO
    reserved: Decimal = ZERO
    """Sum of what the calls in progress hold."""
    calls: int = 0
    """Calls that have a reservation."""
    spent_since: datetime | None = None
    """Hour that `spent_hour` and the `hour_` sums are of, and whose day `spent_day` is of."""
    spent_hour: Decimal = ZERO
    spent_day: Decimal = ZERO
    hour_calls: int = 0
    """Charged calls."""
    hour_expensive: int = 0
    """Those of them at a price that the account's brake calls expensive."""
    hour_time: timedelta = timedelta(0)
    """Charged time."""
    hour_value: Decimal = ZERO
    """Charged minutes times their prices, not rounded."""
    usual_price: Decimal | None = None
    """Mean price a minute of the hours before. None: there was none."""

    def spend(self, amount: Decimal, now: datetime) -> None:
        """Count what a call cost."""
        hour = _hour(now)
        if self.spent_since is None or self.spent_since.date() < hour.date():
            self.spent_day = ZERO
        if self.spent_since is None or self.spent_since < hour:
            self._end_hour()
            self.spent_since = hour
        self.spent_hour += amount
        self.spent_day += amount

    def use(self, price: Decimal, time: timedelta, *, expensive: bool) -> None:
        """Count at which price a minute a call was charged. After `spend`."""
        self.hour_calls += 1
        self.hour_expensive += expensive
        self.hour_time += time
        self.hour_value += price * (time // timedelta(seconds=1)) / 60

    def spent(self, now: datetime) -> tuple[Decimal, Decimal]:
        """Return what calls cost in the present hour and day."""
        since = self.spent_since
        if since is None or since.date() < now.date():
            return ZERO, ZERO
        return self.spent_hour if self.is_current(now) else ZERO, self.spent_day

    def is_current(self, now: datetime) -> bool:
        """Whether the sums of the hour are of the present one."""
        return self.spent_since is not None and self.spent_since >= _hour(now)

    @property
    def hour_price(self) -> Decimal | None:
        """Mean price a minute of the hour. None when nothing was charged."""
        if not self.hour_time:
            return None
        return (self.hour_value * 60 / (self.hour_time // timedelta(seconds=1))).quantize(
            PRICE_STEP
        )

    def spendable(self, overdraft: Decimal | None) -> Decimal | None:
        """Return what may still be spent or held; None is without limit."""
        return None if overdraft is None else self.balance + overdraft - self.reserved

    def _end_hour(self) -> None:
        price = self.hour_price
        if price is not None:
            before = price if self.usual_price is None else self.usual_price
            self.usual_price = (before + (price - before) / MEMORY).quantize(PRICE_STEP)
        self.spent_hour = self.hour_value = ZERO
        self.hour_calls = self.hour_expensive = 0
        self.hour_time = timedelta(0)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
