"""Counts what gateways answered, from CDRs as they are settled (MGT-13). Pure."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..cdrs.cdr import Cdr
from .rules import Traffic

Minute = tuple[datetime, str]
"""A minute and a gateway."""


@dataclass(slots=True)
class _Sums:
    attempts: int = 0
    answered: int = 0
    talk: timedelta = timedelta(0)


class TrafficCounter:
    """Sums by minute and gateway since they were last taken."""

    def __init__(self) -> None:
        self._sums: defaultdict[Minute, _Sums] = defaultdict(_Sums)

    def add(self, cdr: Cdr) -> None:
        """Count the attempts of a call, in the minute of its end."""
        minute = cdr.call.end_time.replace(second=0, microsecond=0)
        for attempt in cdr.call.attempts:
            sums = self._sums[minute, str(attempt.get("endpoint", {}).get("name", ""))]
            sums.attempts += 1
            if attempt.get("answered"):
                sums.answered += 1
                sums.talk += cdr.hold_time

    def take(self) -> dict[Minute, Traffic]:
        """Return the sums and begin anew."""
        sums, self._sums = self._sums, defaultdict(_Sums)
        return {key: Traffic(one.attempts, one.answered, one.talk) for key, one in sums.items()}

    def put_back(self, taken: dict[Minute, Traffic]) -> None:
        """Count again what could not be written."""
        for key, seen in taken.items():
            sums = self._sums[key]
            sums.attempts += seen.attempts
            sums.answered += seen.answered
            sums.talk += seen.talk
