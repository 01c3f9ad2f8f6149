"""Hours of the day in which CDR queries are refused (BIL-13)."""

import re
from dataclasses import dataclass
from datetime import time
from typing import Final

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class ClosedHours:
    """From `begin` until before `end`; over midnight when `end` is not after `begin`."""

    begin: time
    end: time

    def __contains__(self, moment: time) -> bool:
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


def parse_closed_hours(text: str) -> tuple[ClosedHours, ...]:
    """Return the hours in "HH:MM-HH:MM,..."; raise `ValueError` for anything else."""
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    return tuple(_parse_one(part) for part in parts)


def _parse_one(text: str) -> ClosedHours:
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r}: expected HH:MM-HH:MM")
    hours = [int(part) for part in match.groups()]
    return ClosedHours(time(hours[0], hours[1]), time(hours[2], hours[3]))
