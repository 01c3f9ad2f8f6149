"""Transactions and their entries.

A transaction's id is made of its kind and of what caused it, so the same cause cannot be booked
twice. Account names cannot hold a colon, so the house's own books never clash with an account's.

    call     account -fee      revenue +fee         an agent's account pays the revenue,
             child   -fee      sales:<agent> +fee   its child pays the agent's sales
             vendor  -cost     cost +cost
    payment  account +amount   cash -amount         or its agent's account -amount
    opening  account +amount   opening -amount
    package  account -rent     revenue +rent        and account +gift, promotion -gift
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from ..money import ZERO, Currency


class EntryKind(IntEnum):
    """What a transaction or an entry is for."""

    OPENING = 1
    PAYMENT = 2
    CALL = 3
    COST = 4
    PACKAGE = 5
    CORRECTION = 6


class PaymentType(IntEnum):
    """How a payment was paid (BIL-09). The numbers are the stored ones."""

    CASH = 0
    VOUCHER = 2
    OTHER = 5


class Entry(NamedTuple):
    """One side of a booking: `amount` is positive when the book gains."""

    book: str
    amount: Decimal
    currency: Currency
    kind: EntryKind


class UnbalancedTransaction(AssertionError):
    """A transaction that creates or destroys money: our own mistake, never booked."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Entries that are booked together or not at all. Sums to zero in every currency."""

    kind: EntryKind
    reference: str
    """Call id, payment's request id or account that caused it."""
    time: datetime
    entries: tuple[Entry, ...] = ()
    memo: str = ""
    cdr_time: datetime | None = None
    """End of the call, for a call's."""
    content: str | None = None
    """What was asked for, to tell a repeated request from a reused id."""
    payment_type: PaymentType | None = None

    def __post_init__(self) -> None:
        sums: defaultdict[Currency, Decimal] = defaultdict(Decimal)
        for entry in self.entries:
            sums[entry.currency] += entry.amount
        if any(sums.values()):
            raise UnbalancedTransaction(f"{self.id}: {dict(sums)}")

    @property
    def id(self) -> str:
        """The same for the same cause."""
        return transaction_id(self.kind, self.reference)


def transaction_id(kind: EntryKind, reference: str) -> str:
    """Return the id of the transaction that `reference` causes."""
    return f"{kind.name.lower()}:{reference}"


def transfer(
    source: str, target: str, amount: Decimal, currency: Currency, kind: EntryKind
) -> tuple[Entry, ...]:
    """Return the two entries that move `amount` from one book to another; none for nothing."""
    if amount == ZERO:
        return ()
    return (Entry(source, -amount, currency, kind), Entry(target, amount, currency, kind))


def is_account(book: str) -> bool:
    """Whether a book is an account's, not the house's own."""
    return ":" not in book


def revenue_book(currency: Currency) -> str:
    """Return the book of what customers paid us for calls."""
    return f"revenue:{currency}"


def sales_book(agent: str) -> str:
    """Return the book of what an agent's children paid it (its margin: sales less its own fees)."""
    return f"sales:{agent}"


def cost_book(currency: Currency) -> str:
    """Return the book of what vendors cost us."""
    return f"cost:{currency}"


def cash_book(currency: Currency) -> str:
    """Return the book payments come from."""
    return f"cash:{currency}"


def promotion_book(currency: Currency) -> str:
    """Return the book that money given with packages comes from."""
    return f"promotion:{currency}"


def opening_book(currency: Currency) -> str:
    """Return the book opening balances come from."""
    return f"opening:{currency}"
