"""What may be asked of the CDRs (BIL-13)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..errors import BadQuery, QueryDenied
from .closed_hours import ClosedHours

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ends: CDRs are ordered by end time, then flow number, newest first."""

    end_time: datetime
    flow_no: int


@dataclass(frozen=True, slots=True)
class CdrQuery:
    """Filters of a CDR list. An empty text is no filter."""

    begin: datetime
    end: datetime
    account: str = ""
    caller: str = ""
    callee: str = ""
    gateway: str = ""
    answered_only: bool = False
    limit: int = DEFAULT_PAGE
    after: Position | None = None


def time_range(
    begin: datetime | None, end: datetime | None, now: datetime, max_days: int
) -> tuple[datetime, datetime]:
    """Return the range asked for, the widest one allowed by default; raise `BadQuery`."""
    widest = timedelta(days=max_days)
    end = end or now
    begin = begin or end - widest
    require_order(begin, end)
    if end - begin > widest:
        raise BadQuery(
            f"the range spans {(end - begin) / timedelta(days=1):.1f} days: at most {max_days}"
            " are allowed (SERVER_QUERY_CDR_MAX_DAYS)"
        )
    return begin, end


def require_order(begin: datetime, end: datetime) -> None:
    """Raise `BadQuery` unless the range begins before it ends."""
    if begin > end:
        raise BadQuery(f"begin_time {begin.isoformat()} is after end_time {end.isoformat()}")


def require_open(hours: Iterable[ClosedHours], now: datetime) -> None:
    """Raise `QueryDenied` during closed hours."""
    for closed in hours:
        if now.time() in closed:
            raise QueryDenied(f"CDR queries are denied in this period ({closed} UTC)")


def page_limit(asked: int) -> int:
    """Return how many to return; raise `BadQuery` over the most."""
    if asked > MAX_PAGE:
        raise BadQuery(f"page_size {asked}: expected 1 to {MAX_PAGE}")
    return asked or DEFAULT_PAGE
