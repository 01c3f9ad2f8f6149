"""The thread that owns the journal. What comes while it commits goes into the next commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Protocol

import structlog

from .journal import Entry, Finished, Journal, StoredCdr

log = structlog.stdlib.get_logger(__name__)

MOST: Final = 512
"""Entries in one commit: enough that the disk's sync is shared, few enough that nobody waits."""
PATIENCE: Final = 0.1
"""Seconds for which all but finished calls, whose BYE waits, may wait for company on the disk."""
RETRY: Final = 1.0
"""Seconds between two tries to write to a disk that fails."""

Done = Callable[[list[StoredCdr]], None]
"""Called on the event loop with the CDRs of a commit."""


class Writer(Protocol):
    """Writes entries in the order in which they were put."""

    def start(self) -> None:
        """Begin to write."""

    def put(self, entry: Entry) -> None:
        """Hand over an entry. Never waits."""

    async def stop(self) -> None:
        """Write what was put and end."""


class JournalWriter:
    """Writes entries in the order in which they were put."""

    def __init__(self, journal: Journal, done: Done) -> None:
        self._journal = journal
        self._done = done
        self._queue: SimpleQueue[Entry | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, name="cdr-outbox", daemon=True)
        self._stopping = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hand over an entry. Never waits."""
        self._queue.put(entry)

    async def stop(self) -> None:
        """Write what was put and end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._stopping:
            batch = self._next_batch()
            if batch:
                stored = self._write(batch)
                self._loop.call_soon_threadsafe(self._done, stored)

    def _next_batch(self) -> list[Entry]:
        batch: list[Entry] = []
        urgent = False
        entry = self._queue.get()
        until = time.monotonic() + PATIENCE
        while entry is not None:
            batch.append(entry)
            urgent = urgent or isinstance(entry, Finished)
            if len(batch) == MOST:
                return batch
            wait = 0.0 if urgent else max(until - time.monotonic(), 0.0)
            try:
                entry = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
            except Empty:
                return batch
        self._stopping = True
        return batch

    def _write(self, batch: list[Entry]) -> list[StoredCdr]:
        while True:
            try:
                return self._journal.write(batch)
            except Exception as error:  # a full disk may be emptied; a CDR is never thrown away
                log.error("CDRs cannot be stored", entries=len(batch), exc_info=error)
                time.sleep(RETRY)
