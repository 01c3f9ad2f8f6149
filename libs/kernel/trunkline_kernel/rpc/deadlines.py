"""Deadlines of many calls on one timer: one for each call costs more than the look at them all."""

import asyncio
from collections.abc import Callable, Hashable
from functools import cached_property
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

GRAIN: Final = 0.02
"""Seconds between two looks while calls are under way: so much later may a call end."""

KeyT = TypeVar("KeyT", bound=Hashable)


class Deadlines(Generic[KeyT]):
    """What is under way on one event loop, each with the time at which it is to end."""

    def __init__(self, end: Callable[[KeyT], None]) -> None:
        """`end`, which raises nothing, is called for what has not ended in time."""
        self._end = end
        self._deadlines: dict[KeyT, float] = {}
        self._looks = False

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop, looked up once: every look-up is a system call, for the process id."""
        return asyncio.get_running_loop()

    def add(self, key: KeyT, deadline: float) -> None:
        """End it once the loop's time has come to `deadline`."""
        self._deadlines[key] = deadline
        if not self._looks:
            self._looks = True
            self.loop.call_later(GRAIN, self._look)

    def discard(self, key: KeyT) -> None:
        """Let it be. What has ended is fine."""
        self._deadlines.pop(key, None)

    def _look(self) -> None:
        now = self.loop.time()
        for key, deadline in list(self._deadlines.items()):
            if deadline <= now:
                self.discard(key)
                self._end(key)
        self._looks = bool(self._deadlines)
        if self._looks:
            self.loop.call_later(GRAIN, self._look)


class Limit:
    """Cancels the task in its block when its time is up, and raises `TimeoutError` for it."""

    __slots__ = ("_cancelling", "_limits", "_seconds", "_task", "expired")

    _task: "asyncio.Task[object]"
    _cancelling: int

    def __init__(self, limits: "Deadlines[Limit]", seconds: float) -> None:
        """`limits` calls `expire`."""
        self._limits = limits
        self._seconds = seconds
        self.expired = False
        """Whether the time was up before the block had ended."""

    def __enter__(self) -> Self:
        loop = self._limits.loop
        task = asyncio.current_task(loop)
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._limits.add(self, loop.time() + self._seconds)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._limits.discard(self)
        if not self.expired or self._task.uncancel() > self._cancelling:
            return  # others want the task to end, too
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error

    def expire(self) -> None:
        """End the block."""
        self.expired = True
        self._task.cancel()
