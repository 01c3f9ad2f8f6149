"""SQLite in a thread of its own, where all work that waits shares one durable commit.

A commit costs one flush of the disk, whoever it is for; at hundreds of calls a second dozens of
them share it. While the disk refuses, work is kept and tried again, so nothing that was handed in
is lost as long as the process lives.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

import structlog

log = structlog.stdlib.get_logger(__name__)

ResultT = TypeVar("ResultT")
Work = Callable[[sqlite3.Connection], ResultT]

MAX_BATCH: Final = 512
"""Pieces of work in one commit; more would delay the first of them for the last."""

RETRY_DELAY: Final = 1.0
"""Seconds before work is tried again that the disk refused."""

CLOSING_RETRIES: Final = 5
"""How often that happens at most when the process wants to end."""


class _Job(Generic[ResultT]):
    __slots__ = ("future", "result", "work")

    def __init__(self, work: Work[ResultT], future: "asyncio.Future[ResultT]") -> None:
        self.work = work
        self.future = future
        self.result: ResultT | None = None

    def resolve(self) -> None:
        if not self.future.done():
            self.future.set_result(self.result)  # type: ignore[arg-type]


class GroupCommit:
    """One SQLite file and its thread. Made inside a running event loop."""

    def __init__(self, path: Path, schema: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._connection = _connect(path, schema)
        self.failing = False
        """Whether the disk refuses: what is handed in waits in memory."""
        self._thread = threading.Thread(target=self._run, name="outbox")
        self._thread.start()

    def submit(self, work: Work[ResultT]) -> "asyncio.Future[ResultT]":
        """Run `work` on the connection; the future is done once its effect is durable."""
        job = _Job(work, self._loop.create_future())
        self._queue.put(job)
        return job.future

    async def close(self) -> None:
        """Finish what was handed in and close the file."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        running = True
        while running:
            batch = [self._queue.get(), *self._ready()]
            jobs = [job for job in batch if job is not None]
            running = len(jobs) == len(batch)
            retries = 0
            while jobs and not self._commit(jobs):
                if not running and retries == CLOSING_RETRIES:
                    log.critical("closing with CDRs that could not be stored", lost=len(jobs))
                    break
                retries += 1
                time.sleep(RETRY_DELAY)
            self._loop.call_soon_threadsafe(_resolve, jobs)
        self._connection.close()

    def _ready(self) -> "list[_Job[Any] | None]":
        ready: list[_Job[Any] | None] = []
        try:
            while len(ready) < MAX_BATCH - 1:
                ready.append(self._queue.get_nowait())
        except Empty:
            pass
        return ready

    def _commit(self, jobs: "list[_Job[Any]]") -> bool:
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                for job in jobs:
                    job.result = job.work(self._connection)
        except sqlite3.Error as error:
            if not self.failing:
                log.critical("CDRs cannot be stored and wait in memory", error=str(error))
            self.failing = True
            return False
        if self.failing:
            log.warning("CDRs can be stored again")
        self.failing = False
        return True


def _resolve(jobs: "list[_Job[Any]]") -> None:
    for job in jobs:
        job.resolve()


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # a commit survives a power cut too
    connection.executescript(schema)
    return connection
