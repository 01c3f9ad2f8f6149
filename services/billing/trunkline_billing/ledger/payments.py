"""Payments: money that moves otherwise than by calls (BIL-09)."""

import json
from dataclasses import dataclass
from datetime import datetime

from ..accounts.account import Account
from ..accounts.purse import Purse
from ..errors import BadAmount, Overdrawn
from ..money import ZERO, Money
from .transactions import EntryKind, Transaction, cash_book, opening_book, transfer


@dataclass(frozen=True, slots=True)
class Payment:
    """Money into an account, or out of it when negative."""

    request_id: str
    account: str
    money: Money
    memo: str = ""

    @property
    def content(self) -> str:
        """What a repeat of the request must say again."""
        return json.dumps([self.account, str(self.money.amount), self.money.currency])


def book_payment(payment: Payment, account: Account, purse: Purse, now: datetime) -> Transaction:
    """Return the transaction of a payment.

    Raises `CurrencyMismatch`, `BadAmount` for nothing, and `Overdrawn` for a deduction of more than
    may be spent.
    """
    amount, currency = payment.money.amount, payment.money.currency
    payment.money.require(account.currency)
    if amount == ZERO:
        raise BadAmount("amount 0: expected money to pay in, or a negative amount to deduct")
    spendable = purse.spendable(account.overdraft)
    if amount < ZERO and spendable is not None and spendable + amount < ZERO:
        raise Overdrawn(
            f"account {account.name} has {spendable} {currency} to spend, cannot deduct {-amount}"
        )
    return Transaction(
        EntryKind.PAYMENT,
        payment.request_id,
        now,
        transfer(cash_book(currency), account.name, amount, currency, EntryKind.PAYMENT),
        payment.memo,
        content=payment.content,
    )


def book_opening(name: str, money: Money, now: datetime) -> Transaction:
    """Return the transaction an account begins with."""
    entries = transfer(
        opening_book(money.currency), name, money.amount, money.currency, EntryKind.OPENING
    )
    return Transaction(EntryKind.OPENING, name, now, entries)
