"""Work calendars (MGT-05)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.routing import Bench
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.documents.calendar import CalendarSpec
from trunkline_routing.model.calendars import Calendar

CHRISTMAS = datetime(2025, 12, 25, tzinfo=UTC)
"""A Thursday."""


def calendar(**spec: Any) -> Calendar:
    return Calendar(CalendarSpec.model_validate(spec))


def test_weekdays_are_working_unless_told_otherwise() -> None:
    week = [calendar().is_working(CHRISTMAS + timedelta(days=day)) for day in range(7)]

    assert week == [True, True, False, False, True, True, True]


def test_a_special_date_beats_the_week() -> None:
    days = calendar(
        specialDates=[
            {"date": "2025-12-25", "kind": "off"},
            {"date": "2025-12-27", "kind": "working"},
        ]
    )

    assert not days.is_working(CHRISTMAS + timedelta(hours=23))
    assert days.is_working(CHRISTMAS + timedelta(days=2))


def test_a_custom_day_is_working_in_its_hours() -> None:
    hours = [{"begin": "09:00", "end": "12:00"}, {"begin": "13:00", "end": "24:00"}]
    days = calendar(specialDates=[{"date": "2025-12-25", "kind": "custom", "hours": hours}])
    working = [days.is_working(CHRISTMAS + timedelta(hours=hour)) for hour in (8, 9, 12, 13, 23)]

    assert working == [False, True, False, True, True]


async def test_a_restriction_on_off_days_is_active_all_that_day() -> None:
    """MGT-05, acceptance."""
    off = {"calendar": {"name": "uk", "days": "off"}, "mode": "deny", "prefixes": [""]}
    bench = Bench(
        routing={"a": {"periods": {"restrictions": [off]}}},
        calendars={"uk": {"specialDates": [{"date": "2025-12-25", "kind": "off"}]}},
    )
    bench.now = CHRISTMAS
    assert bench.verdict("a").excluded is Excluded.PERIOD
    bench.now = CHRISTMAS + timedelta(hours=23, minutes=59)
    assert bench.verdict("a").excluded is Excluded.PERIOD

    bench.now = CHRISTMAS + timedelta(days=1)
    assert bench.verdict("a").position == 1


@pytest.mark.parametrize(
    ("special", "complaint"),
    [
        pytest.param([{"date": "2025-12-25", "kind": "off"}] * 2, "given twice", id="a date twice"),
        pytest.param(
            [{"date": "2025-12-25", "kind": "custom"}], "only then", id="custom without hours"
        ),
        pytest.param(
            [
                {
                    "date": "2025-12-25",
                    "kind": "custom",
                    "hours": [
                        {"begin": "09:00", "end": "12:00"},
                        {"begin": "11:59", "end": "13:00"},
                    ],
                }
            ],
            "overlap",
            id="overlapping hours",
        ),
        pytest.param(
            [
                {
                    "date": "2025-12-25",
                    "kind": "custom",
                    "hours": [{"begin": "12:00", "end": "12:00"}],
                }
            ],
            "not after begin",
            id="an empty stretch",
        ),
        pytest.param([{"date": "2025-02-30", "kind": "off"}], "date", id="no such date"),
    ],
)
def test_a_calendar_that_means_nothing_is_refused(
    special: list[dict[str, Any]], complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CalendarSpec.model_validate({"specialDates": special})
