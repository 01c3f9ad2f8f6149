"""What happens at the end of a package's period and at the start of the next (BIL-15)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..accounts.account import Account
from ..accounts.purse import Purse
from ..ledger.transactions import EntryKind, Transaction, promotion_book, revenue_book, transfer
from ..money import ZERO, Rounding
from .package import FailedProcess, Order, Period


@dataclass(frozen=True, slots=True)
class Renewal:
    """The next period of an order, and what it books."""

    period: Period
    booking: Transaction | None
    remove: bool = False
    """Whether the order is to be removed."""


def rent_reference(order: Order, begin: datetime) -> str:
    """Return what causes the rent of a period."""
    return f"{order.name}@{begin.isoformat()}"


def shortfall(
    order: Order, period: Period, account: Account, rounding: Rounding
) -> Transaction | None:
    """Return what a period that is over still costs, if its calls cost less than they must."""
    missing = order.package.min_consumption - period.consumed
    if not period.current or missing <= ZERO:
        return None
    fee = rounding.quotient(missing, 1)
    return Transaction(
        EntryKind.PACKAGE,
        f"{rent_reference(order, period.begin)} shortfall",
        period.end,
        transfer(
            account.name,
            revenue_book(account.currency),
            fee,
            account.currency,
            EntryKind.PACKAGE,
        ),
        f"minimum consumption of {order.name} not reached",
    )


def begin_period(
    order: Order,
    begin: datetime,
    end: datetime,
    account: Account,
    purse: Purse,
    rounding: Rounding,
    now: datetime,
) -> Renewal:
    """Return the period that begins: paid for and full, or not paid and empty."""
    rent = rounding.quotient(order.rent, 1)
    spendable = purse.spendable(account.overdraft)
    empty = Period(order.name, account.name, begin, end, [], current=False)
    if spendable is not None and spendable < rent:
        return Renewal(empty, None, remove=order.failed is FailedProcess.DELETE)
    full = Period(order.name, account.name, begin, end, [gift.time for gift in order.package.gifts])
    return Renewal(full, _rent(order, begin, account, rent, now))


def _rent(
    order: Order, begin: datetime, account: Account, rent: Decimal, now: datetime
) -> Transaction:
    currency, name = account.currency, account.name
    entries = (
        *transfer(name, revenue_book(currency), rent, currency, EntryKind.PACKAGE),
        *transfer(
            promotion_book(currency), name, order.package.gift_money, currency, EntryKind.PACKAGE
        ),
    )
    return Transaction(
        EntryKind.PACKAGE, rent_reference(order, begin), now, entries, f"rent of {order.name}"
    )
