"""Periods of packages as rows."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ..packages.package import Period

SECOND: Final = timedelta(seconds=1)


def encode_period(period: Period) -> dict[str, object]:
    """Return the row of a period."""
    return {
        "order_name": period.order,
        "account": period.account,
        "begin_at": period.begin,
        "end_at": period.end,
        "left_seconds": json.dumps([time // SECOND for time in period.left]),
        "consumed": period.consumed,
        "current": period.current,
    }


def decode_period(row: Mapping[str, Any]) -> Period:
    """Return the period of a row."""
    return Period(
        order=row["order_name"],
        account=row["account"],
        begin=row["begin_at"],
        end=row["end_at"],
        left=[seconds * SECOND for seconds in json.loads(row["left_seconds"])],
        consumed=row["consumed"],
        current=row["current"],
    )
