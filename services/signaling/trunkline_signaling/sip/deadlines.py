"""Deadlines of many things at once: a heap with one entry for each, stale ones skipped when due."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Generic, Protocol, TypeVar


class Timed(Protocol):
    """Something that wants to be called at a time of its own choosing."""

    @property
    def deadline(self) -> float | None:
        """When, or None for never."""


T = TypeVar("T", bound=Timed)


class Deadlines(Generic[T]):
    """Who is due when.

    A deadline that moved back leaves its entry where it was: when that comes up, the thing is
    queued again. So moving a deadline, which happens on most messages, costs nothing.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._queued: dict[T, float] = {}
        self._serial = count()

    def update(self, item: T) -> None:
        """Note the item's deadline, which may have changed."""
        deadline = item.deadline
        if deadline is None:
            return
        queued = self._queued.get(item)
        if queued is None or deadline < queued:
            self._queued[item] = deadline
            heappush(self._heap, (deadline, next(self._serial), item))

    def next(self) -> float | None:
        """Return when `pop_due` is to be called; it may then have nothing to give."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> T | None:
        """Return one item whose deadline has come, or None."""
        while self._heap and self._heap[0][0] <= now:
            queued, _, item = heappop(self._heap)
            if self._queued.get(item) != queued:
                continue  # an earlier entry of the same item came first
            del self._queued[item]
            if item.deadline is not None and item.deadline <= now:
                return item
            self.update(item)
        return None
