"""Work calendars, compiled (MGT-05)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ..documents.calendar import CalendarSpec, DayKind
from .schedule import ISO_WEEKDAYS


class Calendar:
    """Says of a local time whether it is working."""

    def __init__(self, spec: CalendarSpec) -> None:
        self._weekdays = frozenset(ISO_WEEKDAYS[day] for day in spec.working_days)
        self._special: dict[date, bool | tuple[tuple[timedelta, timedelta], ...]] = {
            each.date: (
                tuple(hours.span for hours in each.hours)
                if each.kind is DayKind.CUSTOM
                else each.kind is DayKind.WORKING
            )
            for each in spec.special_dates
        }

    def is_working(self, local: datetime) -> bool:
        """Say whether `local`, the platform's wall clock, is working time."""
        day = local.date()
        special = self._special.get(day)
        if special is None:
            return day.isoweekday() in self._weekdays
        if isinstance(special, bool):
            return special
        time = local.replace(tzinfo=None) - datetime.combine(day, datetime.min.time())
        return any(begin <= time < end for begin, end in special)
