"""Answer ratios over the attempts of every replica, at most a second late (RTE-13)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from ..quality.windows import MemoryQuality, Ratios
from .connection import PREFIX, SharedStore

_ATTEMPTS: Final = "attempts"
_ANSWERS: Final = "answers"
_TALK: Final = "talk"
_MILLISECOND: Final = timedelta(milliseconds=1)


class SharedQuality(MemoryQuality):
    """Attempts of every replica, at most a second late; while Redis is away, our own."""

    def __init__(self, store: SharedStore) -> None:
        super().__init__()
        self._store = store
        self._untold: Counter[tuple[int, str]] = Counter()
        self._sums: Counter[str] = Counter()

    def resize(self, window: timedelta, segments: int) -> None:
        """Cut time anew; what was booked under another cut is dropped."""
        before = (self._length, self._segments)
        super().resize(window, segments)
        if before != (self._length, self._segments):
            self._untold.clear()
            self._sums.clear()

    def book(self, gateway: str, *, answered: bool, talk: timedelta, now: datetime) -> None:
        """Book the end of an attempt."""
        super().book(gateway, answered=answered, talk=talk, now=now)
        segment = self._number(now)
        self._untold[segment, f"{_ATTEMPTS} {gateway}"] += 1
        self._untold[segment, f"{_ANSWERS} {gateway}"] += answered
        self._untold[segment, f"{_TALK} {gateway}"] += talk // _MILLISECOND

    def ratios(self, gateway: str, now: datetime) -> Ratios:
        """Return the sums of the live segments over all replicas."""
        if self._store.away:
            return super().ratios(gateway, now)
        return Ratios(
            self._sums[f"{_ATTEMPTS} {gateway}"],
            self._sums[f"{_ANSWERS} {gateway}"],
            self._sums[f"{_TALK} {gateway}"] * _MILLISECOND,
        )

    async def exchange(self, now: datetime) -> None:
        """Tell what was booked here and sum up what all have booked."""

        async def exchange(client: Any) -> None:
            pipe = client.pipeline(transaction=True)
            for (segment, field), count in self._untold.items():
                pipe.hincrby(self._key(segment), field, count)
                pipe.pexpire(self._key(segment), self._kept)
            current = self._number(now)
            live = range(current - self._segments + 1, current + 1)
            for segment in live:
                pipe.hgetall(self._key(segment))
            answers = await pipe.execute()
            self._untold.clear()
            self._sums = Counter()
            for booked in answers[-len(live) :]:
                self._sums.update({field: int(count) for field, count in booked.items()})

        await self._store.run(exchange, _nothing)

    @property
    def _kept(self) -> int:
        """Milliseconds for which Redis keeps a segment."""
        return (self._segments + 1) * self._length // _MILLISECOND

    def _key(self, segment: int) -> str:
        return f"{PREFIX}quality:{self._length // _MILLISECOND}:{segment}"


async def _nothing() -> None:
    return None
