"""BIL-13: hours in which CDR queries are refused, and how far a query may reach."""

from datetime import UTC, datetime, timedelta

import pytest
from support.billing import NOW
from trunkline_billing.cdrs.closed_hours import parse_closed_hours
from trunkline_billing.cdrs.query import require_open, time_range
from trunkline_billing.errors import BadQuery, QueryDenied

NIGHT = parse_closed_hours("22:00-06:00")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("moment", [at(22), at(23), at(5, 59)])
def test_bil_13_queries_are_denied_over_midnight(moment: datetime) -> None:
    with pytest.raises(QueryDenied, match="denied in this period"):
        require_open(NIGHT, moment)


@pytest.mark.parametrize("moment", [at(6), at(21, 59)])
def test_bil_13_queries_are_allowed_outside(moment: datetime) -> None:
    require_open(NIGHT, moment)


@pytest.mark.parametrize("text", ["25:00-26:00", "22:00", "22:00-06:60", "night"])
def test_bil_13_hours_that_are_none_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="expected HH:MM-HH:MM"):
        parse_closed_hours(text)


def test_bil_13_a_range_of_31_days_is_allowed_and_of_32_is_not() -> None:
    assert time_range(NOW - timedelta(days=31), NOW, NOW, 31)
    with pytest.raises(BadQuery, match="at most 31"):
        time_range(NOW - timedelta(days=32), NOW, NOW, 31)
