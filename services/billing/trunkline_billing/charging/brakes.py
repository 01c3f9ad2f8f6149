"""Fraud brakes: what an account may spend in an hour and a day (UTC), and at which prices.

Below the limit nothing happens, from the warning on somebody is told, at the limit no new call
begins until the hour or the day is over or the limit is raised. Calls in progress go on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from ..accounts.account import Account, SpendLimit
from ..accounts.purse import Purse
from ..cdrs.cdr import Share
from ..errors import SpendLimitReached

LEAST_CALLS: Final = 20
"""Charged calls of an hour below which prices say nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one brake of an account reads."""

    account: str
    brake: str
    """hour, day, price or expensive."""
    value: Decimal
    limit: SpendLimit
    evidence: str

    @property
    def warns(self) -> bool:
        """Whether somebody is to be told."""
        return self.limit.warn is not None and self.value >= self.limit.warn

    @property
    def blocks(self) -> bool:
        """Whether no new call may begin."""
        return self.limit.block is not None and self.value >= self.limit.block


def readings(account: Account, purse: Purse, now: datetime) -> Iterator[Reading]:
    """Yield what the brakes of an account read now."""
    if not account.has_brakes:
        return
    hour, day = purse.spent(now)
    for period, limit, spent in (
        ("hour", account.hour_limit, hour),
        ("day", account.day_limit, day),
    ):
        if limit is not None:
            evidence = f"spent {spent} {account.currency} in this {period}"
            yield Reading(account.name, period, spent, limit, evidence)
    if purse.is_current(now) and purse.hour_calls >= LEAST_CALLS:
        yield from _prices(account, purse)


def require_brakes_off(account: Account, purse: Purse, now: datetime) -> None:
    """Raise `SpendLimitReached` with the evidence when a limit is reached."""
    for reading in readings(account, purse, now):
        if reading.blocks:
            raise SpendLimitReached(
                f"account {account.name} {reading.evidence}, its limit is {reading.limit.block}"
            )


def count(account: Account | None, purse: Purse, share: Share, now: datetime) -> Iterable[Reading]:
    """Count what a call cost an account; return the warnings that this crossed."""
    if account is None or not account.has_brakes:
        purse.spend(share.fee, now)
        return ()
    before = {one.brake for one in readings(account, purse, now) if one.warns}
    purse.spend(share.fee, now)
    if share.tariff is not None:
        price, limit = share.tariff.price_per_minute, account.expensive_price
        expensive = limit is not None and price >= limit
        purse.use(price, share.fee_time, expensive=expensive)
    after = readings(account, purse, now)
    return [one for one in after if one.warns and one.brake not in before]


def _prices(account: Account, purse: Purse) -> Iterator[Reading]:
    price, usual = purse.hour_price, purse.usual_price
    if account.price_jump is not None and price and usual:
        factor = round(price / usual, 2)
        evidence = (
            f"pays {price:.4f} {account.currency} a minute in this hour, {factor} times its usual"
            f" {usual:.4f}"
        )
        yield Reading(account.name, "price", factor, account.price_jump, evidence)
    if account.expensive_share is not None:
        percent = round(Decimal(100 * purse.hour_expensive) / purse.hour_calls, 1)
        evidence = (
            f"makes {purse.hour_expensive} of {purse.hour_calls} calls in this hour at"
            f" {account.expensive_price} {account.currency} a minute or more"
        )
        yield Reading(account.name, "expensive", percent, account.expensive_share, evidence)
