"""Fraud brakes in money: what an account may spend in an hour and in a day (UTC).

Below the limit nothing happens, from the warning on somebody is told, at the limit no new call
begins until the hour or the day is over or the limit is raised. Calls in progress go on.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..accounts.account import Account, SpendLimit
from ..accounts.purse import Purse
from ..errors import SpendLimitReached


@dataclass(frozen=True, slots=True)
class SpendWarning:
    """An account that spends more than somebody wanted to be told of."""

    account: str
    period: str
    spent: Decimal
    limit: SpendLimit

    def __str__(self) -> str:
        return f"account {self.account} spent {self.spent} in this {self.period}"


def require_brakes_off(account: Account, purse: Purse, now: datetime) -> None:
    """Raise `SpendLimitReached` with the evidence when a limit is reached."""
    if account.hour_limit is None and account.day_limit is None:
        return
    for period, limit, spent in _periods(account, purse, now):
        if limit is not None and limit.block is not None and spent >= limit.block:
            raise SpendLimitReached(
                f"account {account.name} spent {spent} {account.currency} in this {period},"
                f" its limit is {limit.block}"
            )


def crossed(account: Account, purse: Purse, amount: Decimal, now: datetime) -> list[SpendWarning]:
    """Return the warnings that the last `amount` an account spent has crossed."""
    return [
        SpendWarning(account.name, period, spent, limit)
        for period, limit, spent in _periods(account, purse, now)
        if limit is not None and limit.warn is not None and spent - amount < limit.warn <= spent
    ]


def _periods(
    account: Account, purse: Purse, now: datetime
) -> list[tuple[str, SpendLimit | None, Decimal]]:
    hour, day = purse.spent(now)
    return [("hour", account.hour_limit, hour), ("day", account.day_limit, day)]
