"""Period control of a routing gateway: what holds at some hours of some days (RTE-20, RTE-21).

Times are local to the platform, the begin included, the end not; a span that runs over midnight
belongs to the day on which it starts.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator
from trunkline_kernel.documents import Ref, Spec

from .fields import Calls, Distinct, ListMode, Name, PlanText, Prefix

_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\Z")
_MIDNIGHT: Final = ("24:00", "24:00:00")
DAY: Final = timedelta(days=1)


class Weekday(StrEnum):
    """A day of the week."""

    SUNDAY = "sunday"
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"


class CalendarDays(StrEnum):
    """Days of a work calendar (MGT-05)."""

    WORKING = "working"
    OFF = "off"


def time_of_day(text: str) -> timedelta:
    """Read `HH:MM` or `HH:MM:SS`, 24:00 included. Raises `ValueError`."""
    if text in _MIDNIGHT:
        return DAY
    match = _TIME.match(text)
    if not match:
        raise ValueError(f"{text!r}: expected a time from 00:00 to 24:00")
    hours, minutes, seconds = match.groups(default="0")
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))


def _time(text: str) -> str:
    time_of_day(text)
    return text


TimeText = Annotated[str, AfterValidator(_time)]
"""HH:MM or HH:MM:SS, to 24:00."""


class CalendarReference(Spec):
    """Days that a calendar calls working, or off."""

    name: Annotated[Name, Ref("Calendar")]
    days: CalendarDays


class Period(Spec):
    """When an entry holds: on weekdays, or on a calendar's days, from begin to end."""

    weekdays: Distinct[Weekday] = ()
    """Empty: every day."""
    calendar: CalendarReference | None = None
    begin: TimeText = "00:00"
    end: TimeText = "24:00"

    @model_validator(mode="after")
    def _is_a_span(self) -> Self:
        if time_of_day(self.begin) == time_of_day(self.end):
            raise ValueError(f"begin and end are both {self.begin}: the period is empty")
        if time_of_day(self.begin) == DAY:
            raise ValueError("a period can't begin at 24:00: write 00:00 of the next day")
        if self.weekdays and self.calendar:
            raise ValueError("expected weekdays or a calendar, not both")
        return self


class PeriodCapacity(Period):
    """Lines while it holds; 0 closes the gateway (RTE-20)."""

    calls: Calls


class PeriodDialPlan(Period):
    """Plans that replace the gateway's own (RTE-21)."""

    caller_dial_plan: PlanText = ""
    callee_dial_plan: PlanText = ""


class PeriodRestriction(Period):
    """Callees that may pass, or that may not (RTE-21)."""

    mode: ListMode = ListMode.DENY
    prefixes: Annotated[Distinct[Prefix], Field(min_length=1)]


class PeriodPriority(Period):
    """A priority that replaces the gateway's own (RTE-21)."""

    priority: Annotated[int, Field(ge=0, le=65535)]


class Periods(Spec):
    """All period control of one gateway."""

    capacity: tuple[PeriodCapacity, ...] = ()
    dial_plans: tuple[PeriodDialPlan, ...] = ()
    restrictions: tuple[PeriodRestriction, ...] = ()
    priorities: tuple[PeriodPriority, ...] = ()
