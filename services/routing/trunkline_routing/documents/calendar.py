"""Calendar: which days are working and which are off (MGT-05), in the platform's time zone."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator
from trunkline_kernel.documents import Spec

from .fields import Distinct
from .periods import TimeText, Weekday, time_of_day


class DayKind(StrEnum):
    """What a special date is."""

    WORKING = "working"
    OFF = "off"
    CUSTOM = "custom"
    """Working in some hours only."""


class Hours(Spec):
    """A stretch of one day."""

    begin: TimeText
    end: TimeText

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if time_of_day(self.end) <= time_of_day(self.begin):
            raise ValueError(f"end {self.end} is not after begin {self.begin}")
        return self

    @property
    def span(self) -> tuple[timedelta, timedelta]:
        """Return both ends."""
        return time_of_day(self.begin), time_of_day(self.end)


class SpecialDate(Spec):
    """A date that beats the week's pattern."""

    date: date
    kind: DayKind
    hours: tuple[Hours, ...] = ()
    """Working hours of a custom day."""

    @model_validator(mode="after")
    def _hours_belong_to_custom_days(self) -> Self:
        if bool(self.hours) != (self.kind is DayKind.CUSTOM):
            raise ValueError("hours are given for a custom day, and only then")
        spans = sorted(each.span for each in self.hours)
        if any(later[0] < earlier[1] for earlier, later in pairwise(spans)):
            raise ValueError("hours overlap")
        return self


class CalendarSpec(Spec):
    """Days of the week that are working, and dates that are otherwise."""

    working_days: Distinct[Weekday] = (
        Weekday.MONDAY,
        Weekday.TUESDAY,
        Weekday.WEDNESDAY,
        Weekday.THURSDAY,
        Weekday.FRIDAY,
    )
    special_dates: tuple[SpecialDate, ...] = ()
    memo: Annotated[str, Field(max_length=1024)] = ""

    @model_validator(mode="after")
    def _dates_are_distinct(self) -> Self:
        dates = [each.date for each in self.special_dates]
        if len(set(dates)) != len(dates):
            twice = next(each for each in dates if dates.count(each) > 1)
            raise ValueError(f"{twice} is given twice")
        return self
