"""Hands CDRs to billing, in order and at least once; billing takes each once (BIL-10)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from trunkline_kernel.faults import Fault, TrunklineError

from .journal import Delivered, Entry, Refused, StoredCdr

log = structlog.stdlib.get_logger(__name__)

BATCH: Final = 64
"""CDRs in flight at once; they share messages."""
PATIENCE: Final = 0.1
"""Seconds for which a durable CDR waits for others, unless a batch is full: a hop and a commit cost
less shared."""
MOST_IN_MEMORY: Final = 10_000
"""CDRs held here; what waits beyond them is read from the file again."""
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 30.0
"""Seconds before billing is tried again; doubled with each failure."""

PERMANENT: Final = frozenset({Fault.INVALID_ARGUMENT, Fault.FAILED_PRECONDITION})
"""Faults that no repetition heals."""


class Settler(Protocol):
    """Billing, as the outbox needs it."""

    async def settle(self, call_id: str, cdr: bytes) -> None:
        """Charge and store a CDR. Raises `TrunklineError`."""


class Delivery:
    """The CDRs that wait, and the task that delivers them."""

    def __init__(
        self,
        settler: Settler,
        put: Callable[[Entry], None],
        read: Callable[[int, int], list[StoredCdr]],
    ) -> None:
        """`put` writes to the journal, `read` reads waiting CDRs after a sequence number."""
        self._settler = settler
        self._put = put
        self._read = read
        self._waiting: deque[StoredCdr] = deque()
        self._in_flight: list[StoredCdr] = []
        self._on_disk = 0
        self._last = 0
        self._more = asyncio.Event()
        self._delivered = asyncio.Event()

    @property
    def depth(self) -> int:
        """Number of CDRs that billing hasn't got."""
        return len(self._waiting) + len(self._in_flight) + self._on_disk

    def age(self, now: float) -> float:
        """Return for how many seconds the oldest has been waiting."""
        oldest = self._in_flight or self._waiting
        return max(now - oldest[0].stored_time, 0.0) if oldest else 0.0

    async def done(self) -> None:
        """Return when billing has every CDR."""
        while self.depth:
            self._delivered.clear()
            await self._delivered.wait()

    def add(self, cdrs: list[StoredCdr]) -> None:
        """Take CDRs that have just become durable."""
        for cdr in cdrs:
            if self._on_disk or len(self._waiting) >= MOST_IN_MEMORY:
                self._on_disk += 1
            else:
                self._waiting.append(cdr)
                self._last = cdr.sequence
        self._more.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        wait = FIRST_WAIT
        while True:
            await self._fill()
            if len(self._waiting) < BATCH:
                await asyncio.sleep(PATIENCE)
            if await self._deliver_batch():
                wait = FIRST_WAIT
            else:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    async def _fill(self) -> None:
        while not self._waiting:
            if self._on_disk:
                found = await asyncio.to_thread(self._read, self._last, MOST_IN_MEMORY)
                self._on_disk = max(self._on_disk - len(found), 0) if found else 0
                self._waiting.extend(found)
                self._last = found[-1].sequence if found else self._last
            else:
                self._more.clear()
                await self._more.wait()

    async def _deliver_batch(self) -> bool:
        """Deliver some; tell whether billing took all of them."""
        size = min(BATCH, len(self._waiting))
        batch = self._in_flight = [self._waiting.popleft() for _ in range(size)]
        try:
            outcomes = await asyncio.gather(*map(self._settle, batch))
        except BaseException:
            self._waiting.extendleft(reversed(batch))
            raise
        finally:
            self._in_flight = []
        delivered = tuple(c.sequence for c, done in zip(batch, outcomes, strict=True) if done)
        if delivered:
            self._put(Delivered(delivered))
        left = [c for c, done in zip(batch, outcomes, strict=True) if done is None]
        self._waiting.extendleft(reversed(left))
        self._delivered.set()
        return not left

    async def _settle(self, cdr: StoredCdr) -> bool | None:
        """Return True when billing has it, False when it never will, None to try again."""
        try:
            await self._settler.settle(cdr.call_id, cdr.cdr)
        except TrunklineError as error:
            if error.fault not in PERMANENT:
                log.warning("billing did not take a CDR", call_id=cdr.call_id, error=str(error))
                return None
            log.error("billing refuses a CDR", call_id=cdr.call_id, error=str(error))
            self._put(Refused(cdr.sequence, str(error)))
            return False
        return True
