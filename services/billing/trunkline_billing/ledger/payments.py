"""Payments: money that moves otherwise than by calls (BIL-09), from outside or from an agent."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..accounts.account import Account, Accounts
from ..accounts.purse import Purse
from ..errors import BadAmount, BadInput, Overdrawn
from ..money import ZERO, Currency, Money
from .transactions import (
    EntryKind,
    PaymentType,
    Transaction,
    cash_book,
    opening_book,
    transfer,
)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money into an account, or out of it when negative."""

    request_id: str
    account: str
    money: Money
    memo: str = ""
    agent: str = ""
    """Agent whose balance the sum is taken from. Empty: it comes from outside."""
    type: PaymentType = PaymentType.OTHER

    @property
    def content(self) -> str:
        """What a repeat of the request must say again."""
        return json.dumps(
            [self.account, str(self.money.amount), self.money.currency, self.agent, self.type]
        )

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts whose money it moves."""
        return (self.account, self.agent) if self.agent else (self.account,)


@dataclass(frozen=True, slots=True)
class MoneyChange:
    """An account's money changed otherwise than by a call, which may be told (MGT-14)."""

    account: str
    change: Decimal
    balance: Decimal
    """After it."""
    currency: Currency
    payment: Payment
    time: datetime


def book_payment(
    payment: Payment, accounts: Accounts, purses: dict[str, Purse], now: datetime
) -> Transaction:
    """Return the transaction of a payment.

    Raises `UnknownAccount`, `CurrencyMismatch`, `BadAmount` for nothing, `BadInput` for an agent
    that does not stand above the account, and `Overdrawn` for more than may be spent.
    """
    account = accounts.get(payment.account)
    amount, currency = payment.money.amount, payment.money.currency
    payment.money.require(account.currency)
    if amount == ZERO:
        raise BadAmount("amount 0: expected money to pay in, or a negative amount to deduct")
    if amount < ZERO:
        _require_spendable(account, purses[account.name], -amount)
    source = cash_book(currency)
    if payment.agent:
        agent = _agent_above(payment, accounts)
        if amount > ZERO:
            _require_spendable(agent, purses[agent.name], amount)
        source = agent.name
    return Transaction(
        EntryKind.PAYMENT,
        payment.request_id,
        now,
        transfer(source, account.name, amount, currency, EntryKind.PAYMENT),
        payment.memo,
        content=payment.content,
        payment_type=payment.type,
    )


def book_opening(name: str, money: Money, now: datetime) -> Transaction:
    """Return the transaction an account begins with."""
    entries = transfer(
        opening_book(money.currency), name, money.amount, money.currency, EntryKind.OPENING
    )
    return Transaction(EntryKind.OPENING, name, now, entries)


def _agent_above(payment: Payment, accounts: Accounts) -> Account:
    for agent in accounts.chain(payment.account)[1:]:
        if agent.name == payment.agent:
            return agent
    raise BadInput(f"agent {payment.agent!r}: does not stand above account {payment.account}")


def _require_spendable(account: Account, purse: Purse, amount: Decimal) -> None:
    spendable = purse.spendable(account.overdraft)
    if spendable is not None and spendable < amount:
        raise Overdrawn(
            f"account {account.name} has {spendable} {account.currency} to spend,"
            f" cannot give {amount}"
        )
