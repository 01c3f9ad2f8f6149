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
"""Entries after which a commit takes no more: enough to share the disk's sync, few enough that
nobody waits."""
PATIENCE: Final = 0.1
"""Seconds for which entries may wait for company on the disk."""
PATIENCE_OF_BYES: Final = 0.01
"""Seconds for which finished calls may: their BYE is answered when they are durable."""
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
    """Writes entries in the order in which they were put.

    They collect on the event loop, so that the thread is woken once for a commit.
    """

    def __init__(self, journal: Journal, done: Done) -> None:
        self._journal = journal
        self._done = done
        self._entries: list[Entry] = []
        self._handing_over: asyncio.Handle | None = None
        self._urgent = False
        self._queue: SimpleQueue[list[Entry] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, name="cdr-outbox", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hand over an entry. Never waits."""
        self._entries.append(entry)
        if isinstance(entry, Finished) and not self._urgent:
            self._urgent = True
            if self._handing_over is not None:
                self._handing_over.cancel()
            self._handing_over = self._loop.call_later(PATIENCE_OF_BYES, self._hand_over)
        elif self._handing_over is None:
            self._handing_over = self._loop.call_later(PATIENCE, self._hand_over)

    async def stop(self) -> None:
        """Write what was put and end the thread."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        if self._handing_over is not None:
            self._handing_over.cancel()
            self._handing_over = None
        self._urgent = False
        if self._entries:
            self._queue.put(self._entries)
            self._entries = []

    def _run(self) -> None:
        more = True
        while more:
            batch, more = self._next_batch()
            if batch:
                stored = self._write(batch)
                self._loop.call_soon_threadsafe(self._done, stored)

    def _next_batch(self) -> tuple[list[Entry], bool]:
        """Wait for entries, take what else is there, and tell whether more may come."""
        batch: list[Entry] = []
        entries = self._queue.get()
        while entries is not None:
            batch += entries
            if len(batch) >= MOST:
                return batch, True
            try:
                entries = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _write(self, batch: list[Entry]) -> list[StoredCdr]:
        while True:
            try:
                return self._journal.write(batch)
            except Exception as error:  # a full disk may be emptied; a CDR is never thrown away
                log.error("CDRs cannot be stored", entries=len(batch), exc_info=error)
                time.sleep(RETRY)
