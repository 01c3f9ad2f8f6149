"""Deadlines of many calls on one timer: one for each call costs more than the look at them all."""

import asyncio
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Final, Self

GRAIN: Final = 0.02
"""Seconds between two looks while calls are under way: so much later may a call end."""


class Deadlines:
    """What is under way on one event loop, each with the time at which it is to end."""

    def __init__(self) -> None:
        self._ends: dict[Hashable, tuple[float, Callable[[], None]]] = {}
        self._looks = False

    def add(self, key: Hashable, deadline: float, end: Callable[[], None]) -> None:
        """Call `end`, which raises nothing, once the loop's time has come to `deadline`."""
        self._ends[key] = deadline, end
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(GRAIN, self._look)

    def discard(self, key: Hashable) -> None:
        """Call nothing. What has ended is fine."""
        self._ends.pop(key, None)

    def limit(self, seconds: float) -> "Limit":
        """Return a context in which the task has so many seconds, as `asyncio.timeout` gives it."""
        return Limit(self, asyncio.get_running_loop().time() + seconds)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, (deadline, end) in list(self._ends.items()):
            if deadline <= now:
                self.discard(key)
                end()
        self._looks = bool(self._ends)
        if self._looks:
            loop.call_later(GRAIN, self._look)


class Limit:
    """Cancels the task in its block when its time is up, and raises `TimeoutError` for it."""

    __slots__ = ("_cancelling", "_deadline", "_deadlines", "_task", "expired")

    _task: "asyncio.Task[object]"
    _cancelling: int

    def __init__(self, deadlines: Deadlines, deadline: float) -> None:
        self._deadlines = deadlines
        self._deadline = deadline
        self.expired = False
        """Whether the time was up before the block had ended."""

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._deadlines.add(self, self._deadline, self._expire)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.discard(self)
        if not self.expired or self._task.uncancel() > self._cancelling:
            return  # others want the task to end, too
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()
