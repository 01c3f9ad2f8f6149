"""Answer ratio and mean talk time over a sliding window cut into segments (RTE-13).

An attempt is booked to the segment of its end; whole segments are dropped as they age.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

_NOTHING = timedelta(0)


@dataclass(slots=True)
class _Segment:
    number: int
    attempts: int = 0
    answers: int = 0
    talk: timedelta = _NOTHING


class Ratios(NamedTuple):
    """What a window holds."""

    attempts: int
    answers: int
    talk: timedelta

    @property
    def answer_ratio(self) -> int | None:
        """Answers in whole percent of attempts; nothing without attempts."""
        return self.answers * 100 // self.attempts if self.attempts else None

    @property
    def mean_talk(self) -> timedelta | None:
        """Talk time of an answered attempt; nothing without answers."""
        return self.talk / self.answers if self.answers else None


class MemoryQuality:
    """The windows of every gateway, in this process."""

    def __init__(self, window: timedelta = timedelta(hours=1), segments: int = 10) -> None:
        self._segments = segments
        self._length = window / segments
        self._booked: defaultdict[str, deque[_Segment]] = defaultdict(deque)

    def resize(self, window: timedelta, segments: int) -> None:
        """Cut time anew; what was booked under another cut is dropped."""
        if (window / segments, segments) != (self._length, self._segments):
            self._length, self._segments = window / segments, segments
            self._booked.clear()

    def book(self, gateway: str, *, answered: bool, talk: timedelta, now: datetime) -> None:
        """Book the end of an attempt."""
        current, segments = self._number(now), self._booked[gateway]
        if not segments or segments[-1].number < current:
            segments.append(_Segment(current))
        segment = segments[-1]
        segment.attempts += 1
        segment.answers += answered
        segment.talk += talk
        self._drop(segments, current)

    def ratios(self, gateway: str, now: datetime) -> Ratios:
        """Return the sums of the live segments."""
        segments = self._booked.get(gateway)
        if segments is None:
            return Ratios(0, 0, _NOTHING)
        self._drop(segments, self._number(now))
        return Ratios(
            sum(each.attempts for each in segments),
            sum(each.answers for each in segments),
            sum((each.talk for each in segments), _NOTHING),
        )

    def answer_ratio(self, gateway: str, now: datetime) -> int | None:
        """Return answers in whole percent of attempts, or nothing without attempts."""
        return self.ratios(gateway, now).answer_ratio

    def _number(self, now: datetime) -> int:
        return int(now.timestamp() / self._length.total_seconds())

    def _drop(self, segments: deque[_Segment], current: int) -> None:
        while segments and segments[0].number <= current - self._segments:
            segments.popleft()
