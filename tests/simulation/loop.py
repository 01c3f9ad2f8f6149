"""An event loop on virtual time without any thread: what others hand to threads runs at once.

With threads the order of two answers would be the machine's choice, and a seed would not reproduce.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor, Future
from typing import Any, Final, TypeVar

import aiosqlite
from support.virtual_clock import START, VirtualClockLoop

T = TypeVar("T")

EPOCH: Final = 1_772_452_800.0
"""UNIX seconds at which every simulation begins: Monday, 2 March 2026, 12:00 UTC."""


class SimulationLoop(VirtualClockLoop):
    """A loop whose executors are the loop itself."""

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run `func` now; its outcome is there when the loop comes round."""
        return _run(self, func, *args)


class InlineExecutor(Executor):
    """Runs what it is given at once."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run `fn` now."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class _InlineQueue:
    """Stands where aiosqlite hands work to its thread."""

    def put_nowait(self, work: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        try:
            result = function()
        except Exception as error:
            if future is not None and not future.done():
                future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)


class _NoThread:
    def start(self) -> None:
        """There is nothing to start."""


class InlineConnection(aiosqlite.Connection):
    """A connection that works in the thread of the loop."""

    def __init__(self, path: str) -> None:
        super().__init__(lambda: sqlite3.connect(path), iter_chunk_size=64)
        self._tx = _InlineQueue()  # type: ignore[assignment]
        self._thread = _NoThread()  # type: ignore[assignment]


def inline_connector(path: str) -> Callable[[], Awaitable[aiosqlite.Connection]]:
    """Return what `Database(url, connect=...)` takes."""

    async def connect() -> aiosqlite.Connection:
        return await InlineConnection(path)

    return connect


def unix_now() -> float:
    """Return the virtual time in UNIX seconds."""
    return EPOCH + asyncio.get_running_loop().time() - START


def run_simulation(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on virtual time, in this thread alone."""
    with asyncio.Runner(loop_factory=SimulationLoop) as runner:
        return runner.run(main)


def _run(loop: asyncio.AbstractEventLoop, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:
    future: asyncio.Future[T] = loop.create_future()
    try:
        future.set_result(func(*args))
    except Exception as error:
        future.set_exception(error)
    return future
