"""What an account holds: its balance, what is held back for calls, what may still be spent."""

from dataclasses import dataclass
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

    def spendable(self, overdraft: Decimal | None) -> Decimal | None:
        """Return what may still be spent or held; None is without limit."""
        return None if overdraft is None else self.balance + overdraft - self.reserved
