"""When an entry of period control holds (RTE-20, RTE-21).

A span that runs over midnight belongs to the day it starts on; so does the question whether a
calendar calls that day working or off (MGT-05).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from ..documents.periods import DAY, CalendarDays, Period, Weekday, time_of_day

T = TypeVar("T")

ISO_WEEKDAYS: Final = {
    Weekday.MONDAY: 1,
    Weekday.TUESDAY: 2,
    Weekday.WEDNESDAY: 3,
    Weekday.THURSDAY: 4,
    Weekday.FRIDAY: 5,
    Weekday.SATURDAY: 6,
    Weekday.SUNDAY: 7,
}

Calendars = Callable[[str, datetime], bool]
"""Says whether the calendar of that name calls that local time working."""


@dataclass(frozen=True, slots=True)
class Span:
    """Hours on some days, as they are compared."""

    begin: timedelta
    end: timedelta
    weekdays: frozenset[int]
    """ISO numbers; empty is every day."""
    calendar: str | None
    working: bool

    def holds(self, local: datetime, calendars: Calendars) -> bool:
        """Say whether `local`, the platform's wall clock, is inside."""
        day = local.date()
        time = local.replace(tzinfo=None) - datetime.combine(day, datetime.min.time())
        if self.begin < self.end:
            return self.begin <= time < self.end and self._on(day, local, calendars)
        if time >= self.begin:
            return self._on(day, local, calendars)
        yesterday = day - timedelta(days=1)
        return time < self.end and self._on(yesterday, local - DAY, calendars)

    def _on(self, day: date, local: datetime, calendars: Calendars) -> bool:
        if self.calendar is not None:
            return calendars(self.calendar, local) == self.working
        return not self.weekdays or day.isoweekday() in self.weekdays


def compile_span(period: Period) -> Span:
    """Return the span a document's entry spells."""
    calendar = period.calendar
    return Span(
        begin=time_of_day(period.begin),
        end=time_of_day(period.end),
        weekdays=frozenset(ISO_WEEKDAYS[day] for day in period.weekdays),
        calendar=calendar.name if calendar else None,
        working=calendar is not None and calendar.days is CalendarDays.WORKING,
    )


class Timetable(Generic[T]):
    """Entries that hold at times."""

    def __init__(self, entries: Iterable[tuple[Span, T]] = ()) -> None:
        self._entries = tuple(entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def active(self, local: datetime, calendars: Calendars) -> list[T]:
        """Return what holds at `local`, in the order of the list."""
        return [entry for span, entry in self._entries if span.holds(local, calendars)]

    def first(self, local: datetime, calendars: Calendars) -> T | None:
        """Return the first that holds at `local`, or nothing."""
        return next(iter(self.active(local, calendars)), None)
