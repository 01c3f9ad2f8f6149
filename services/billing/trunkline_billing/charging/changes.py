"""What decisions of the till changed, until the store has written it."""

from dataclasses import dataclass, field
from decimal import Decimal

from ..cdrs.cdr import Cdr
from ..ledger.payments import MoneyChange
from ..ledger.transactions import Transaction
from ..packages.package import Period
from .brakes import Reading
from .reservation import Reservation


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction with the balance of each entry's account after it; None for house books."""

    transaction: Transaction
    balances: tuple[Decimal | None, ...]


@dataclass(slots=True)
class Changes:
    """What decisions changed and the store must write, in their order."""

    posted: list[Posted] = field(default_factory=list)
    cdrs: list[Cdr] = field(default_factory=list)
    corrected: list[Cdr] = field(default_factory=list)
    """CDRs that are charged anew."""
    warnings: list[Reading] = field(default_factory=list)
    """Fraud brakes that were touched."""
    deliveries: list[tuple[str, Cdr]] = field(default_factory=list)
    """CDRs with the outputs that owe them."""
    money_changes: list[MoneyChange] = field(default_factory=list)
    """Payments that are to be told to the outside."""
    reservations: dict[str, Reservation | None] = field(default_factory=dict)
    """By call id; None for a reservation that ended."""
    purses: set[str] = field(default_factory=set)
    """Accounts whose balance or reservations changed."""
    periods: dict[str, Period] = field(default_factory=dict)
    """Periods of packages that changed, by order."""

    def __bool__(self) -> bool:
        return bool(self.posted or self.reservations or self.purses or self.periods)
