"""The outbox as the switch sees it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from ..calls.cdr import Cdr
from ..shell.ports import Clock
from .delivery import MOST_IN_MEMORY, Delivery, Settler
from .journal import Alive, Complete, Finished, Journal, Opened, StoredCdr
from .writer import Done, JournalWriter, Writer

log = structlog.stdlib.get_logger(__name__)

ALIVE_INTERVAL: Final = 2.0
"""Seconds between two signs of life: by as much a recovered call may be too short."""


class Outbox:
    """Satisfies `CdrStore`. Use it as an async context manager; `run` delivers."""

    def __init__(
        self,
        path: Path,
        encode: Callable[[Cdr], bytes],
        complete: Complete,
        settler: Settler,
        clock: Clock,
        writer: Callable[[Journal, Done], Writer] = JournalWriter,
    ) -> None:
        """Open the file and make CDRs of what a former life left open.

        `writer` commits; the simulation brings one without a thread.
        """
        self._encode = encode
        self._clock = clock
        self._journal = Journal(path)
        self._writer = writer(self._journal, self._committed)
        self._reader = Journal(path)
        self.delivery = Delivery(settler, self._writer.put, self._reader.waiting)
        self._open: set[str] = set()
        self._callbacks: deque[Callable[[], None]] = deque()
        self.recovered = self._journal.recover(complete, clock.now())
        """Calls of a former life that got their CDR now."""
        if self.recovered:
            log.warning("calls of a former life got their CDR", calls=self.recovered)

    async def __aenter__(self) -> Self:
        self.delivery.add(self._reader.waiting(0, MOST_IN_MEMORY + 1))
        self._writer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._writer.stop()  # what was handed over is written in any case
        self._journal.close()
        self._reader.close()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.delivery.run())
            tasks.create_task(self._stay_alive())

    def opened(self, cdr: Cdr) -> None:
        """Note an answered call, in case we die before its end."""
        self._open.add(cdr.call_id)
        self._writer.put(Opened(cdr.call_id, self._encode(cdr)))

    def finished(self, cdr: Cdr, stored: Callable[[], None]) -> None:
        """Store a CDR; `stored` is called on the event loop when it is durable."""
        self._open.discard(cdr.call_id)
        self._callbacks.append(stored)
        self._writer.put(Finished(cdr.call_id, self._encode(cdr), self._clock.now()))

    def _committed(self, stored: list[StoredCdr]) -> None:
        self.delivery.add(stored)
        for _ in stored:
            self._callbacks.popleft()()

    async def _stay_alive(self) -> None:
        while True:
            if self._open:
                self._writer.put(Alive(self._clock.now()))
            await asyncio.sleep(ALIVE_INTERVAL)
