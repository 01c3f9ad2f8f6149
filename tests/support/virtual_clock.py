"""An event loop whose time jumps to the next timer when nothing else is left to do.

Hours of timers run in milliseconds, in an order that does not depend on the machine. Work in other
threads (executors, aiosqlite) is waited for in real time, and virtual time stands still meanwhile:
`run_in_executor` is counted by itself, a database's threads by
`Database(url, connect=sqlite_connector(path))`.
"""

import asyncio
import selectors
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import aiosqlite

T = TypeVar("T")

START: Final = 1_000.0
"""Where virtual time begins, in seconds. Not zero, so that nothing takes it for absent."""


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A loop in which `time()` is virtual."""

    def __init__(self) -> None:
        self._now = START
        self._foreign_work = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Move virtual time on. For the selector."""
        self._now += seconds

    @property
    def waits_for_threads(self) -> bool:
        """Whether another thread works for this loop."""
        return self._foreign_work > 0

    def work_begins(self) -> None:
        """Note that another thread works for this loop."""
        self._foreign_work += 1

    def work_ends(self, _done: object = None) -> None:
        """Note that it has ended."""
        self._foreign_work -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Run in a thread, while virtual time stands still."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self.work_begins()
        future.add_done_callback(self.work_ends)
        return future

    async def shutdown_default_executor(self) -> None:
        """Wait for the executor's threads, while virtual time stands still."""
        self.work_begins()
        try:
            await super().shutdown_default_executor()
        finally:
            self.work_ends()


class _JumpingSelector(selectors.DefaultSelector):
    """Jumps over the time that the loop would sleep, unless a thread works for it."""

    def __init__(self, loop: VirtualClockLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.waits_for_threads:
            return super().select(None if timeout is None or timeout > 0 else 0)
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits and no timer is set: the simulation is stuck")
        if not ready and timeout:
            self._loop.jump(timeout)
        return ready


class _CountedQueue:
    """Hands work to a connection's thread; virtual time stands still until it is done."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.get = queue.get

    def put_nowait(self, work: "tuple[asyncio.Future[Any] | None, Callable[[], Any]]") -> None:
        future = work[0]
        loop = future.get_loop() if future is not None else None
        if future is not None and isinstance(loop, VirtualClockLoop):
            loop.work_begins()
            future.add_done_callback(loop.work_ends)
        self._queue.put_nowait(work)


class CountedConnection(aiosqlite.Connection):
    """A connection whose work stops virtual time."""

    def __init__(self, path: str) -> None:
        super().__init__(lambda: sqlite3.connect(path), iter_chunk_size=64)
        self._tx = _CountedQueue(self._tx)  # type: ignore[assignment]
        self._thread.daemon = True


def sqlite_connector(path: str) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """Return what `Database(url, connect=...)` takes, for a database in a file."""

    async def connect() -> aiosqlite.Connection:
        return await CountedConnection(path)

    return connect


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(main)
