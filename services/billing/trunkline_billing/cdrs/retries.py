"""When a push that failed is tried again (BIL-12): 1, 5, 30, 300 s, then hourly for a day."""

from datetime import datetime, timedelta
from typing import Final

DELAYS: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 300))
HOURLY: Final = timedelta(hours=1)
LIFE: Final = timedelta(hours=24)

TRIES: Final = 3
"""Tries of a notice whose worth passes (MGT-14)."""

MOST: Final = timedelta(seconds=30)
"""Longest pause of what is never given up."""


def try_for_ever(attempts: int, first: datetime, now: datetime) -> datetime:
    """Return when to try again what must arrive however long it takes."""
    return now + min(DELAYS[min(attempts, len(DELAYS)) - 1], MOST)


def next_try(attempts: int, first: datetime, now: datetime) -> datetime | None:
    """Return when to try after `attempts` failures since `first`; None to give up."""
    if now - first >= LIFE:
        return None
    return now + (DELAYS[attempts - 1] if attempts <= len(DELAYS) else HOURLY)


def try_thrice(attempts: int, first: datetime, now: datetime) -> datetime | None:
    """Return when to try again what is dropped after three tries."""
    return None if attempts >= TRIES else now + DELAYS[attempts - 1]
