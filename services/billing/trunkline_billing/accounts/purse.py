"""What an account holds: its balance, what is held back for calls, what may still be spent.

Also what its calls cost in the present hour and day (UTC), which the spending limits look at.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..money import ZERO


@dataclass(slots=True)
class Purse:
    """Money of one account. `balance` is the sum of its ledger entries, kept beside them."""

    balance: Decimal = ZERO
    reserved: Decimal = ZERO
    """Sum of what the calls in progress hold."""
    calls: int = 0
    """Calls that have a reservation."""
    spent_since: datetime | None = None
    """Hour that `spent_hour` is of, and whose day `spent_day` is of."""
    spent_hour: Decimal = ZERO
    spent_day: Decimal = ZERO

    def spend(self, amount: Decimal, now: datetime) -> None:
        """Count what a call cost."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self.spent_since is None or self.spent_since.date() < hour.date():
            self.spent_day = ZERO
        if self.spent_since is None or self.spent_since < hour:
            self.spent_since, self.spent_hour = hour, ZERO
        self.spent_hour += amount
        self.spent_day += amount

    def spent(self, now: datetime) -> tuple[Decimal, Decimal]:
        """Return what calls cost in the present hour and day."""
        since = self.spent_since
        if since is None or since.date() < now.date():
            return ZERO, ZERO
        this_hour = since >= now.replace(minute=0, second=0, microsecond=0)
        return self.spent_hour if this_hour else ZERO, self.spent_day

    def spendable(self, overdraft: Decimal | None) -> Decimal | None:
        """Return what may still be spent or held; None is without limit."""
        return None if overdraft is None else self.balance + overdraft - self.reserved
