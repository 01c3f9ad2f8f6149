"""Delivers waiting CDRs to billing: at least once, oldest first, for as long as it takes.

Billing settles once by call id, so a CDR that was delivered and not confirmed is harmless.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import structlog
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.logs import bind_call_id
from trunkline_kernel.metrics import Metrics

from .outbox import Waiting

log = structlog.stdlib.get_logger(__name__)

MAX_BATCH: Final = 128
"""CDRs that are on their way at once."""

RETRY_DELAYS: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before billing is asked again; the last one repeats."""

REFUSALS: Final = frozenset(
    {Fault.INVALID_ARGUMENT, Fault.FAILED_PRECONDITION, Fault.OUT_OF_RANGE, Fault.UNIMPLEMENTED}
)
"""Answers that no repetition will change."""

Settle = Callable[[bytes], Awaitable[None]]
"""Hands one CDR to billing. Raises `TrunklineError`."""


class Store(Protocol):
    """Where CDRs wait."""

    @property
    def waiting(self) -> int:
        """CDRs that wait."""

    async def oldest(self, limit: int) -> list[Waiting]:
        """Return up to `limit` CDRs, oldest first."""

    async def confirm(self, settled: Sequence[Waiting]) -> None:
        """Forget CDRs."""

    async def refuse(self, refused: Waiting, explanation: str, now: float) -> None:
        """Put a CDR aside."""


class Settler:
    """Empties an outbox. `wake` says that there is something to do."""

    def __init__(
        self, store: Store, settle: Settle, clock: Callable[[], float], metrics: Metrics
    ) -> None:
        self._store = store
        self._settle = settle
        self._clock = clock
        self._work = asyncio.Event()
        self._oldest: float | None = None
        self._settled = metrics.counter("cdrs_settled", "CDRs that billing confirmed.")
        self._refused = metrics.counter(
            "cdrs_refused", "CDRs that billing will not take; they are kept in the outbox."
        )
        metrics.gauge("cdrs_waiting", "CDRs that wait for billing.").set_function(
            lambda: store.waiting
        )
        metrics.gauge(
            "cdrs_oldest_age_seconds", "Time since the oldest waiting CDR was stored."
        ).set_function(self._age)

    def wake(self) -> None:
        """Say that a CDR was stored."""
        self._work.set()

    async def run(self) -> None:
        """Deliver for ever."""
        failures = 0
        self._work.set()
        while True:
            await self._work.wait()
            self._work.clear()
            while batch := await self._store.oldest(MAX_BATCH):
                self._oldest = batch[0].stored_time
                if await self._deliver(batch):
                    failures = 0
                    continue
                delay = RETRY_DELAYS[min(failures, len(RETRY_DELAYS) - 1)]
                failures += 1
                await asyncio.sleep(delay)
            self._oldest = None

    async def _deliver(self, batch: Sequence[Waiting]) -> bool:
        """Return whether every CDR of the batch has left the outbox."""
        outcomes = await asyncio.gather(*(self._settle_one(waiting) for waiting in batch))
        settled = [waiting for waiting, done in zip(batch, outcomes, strict=True) if done]
        if settled:
            await self._store.confirm(settled)
            self._settled.inc(len(settled))
        return None not in outcomes

    async def _settle_one(self, waiting: Waiting) -> bool | None:
        """Return True when settled, False when put aside, None when it is to be tried again."""
        with bind_call_id(waiting.call_id):
            try:
                await self._settle(waiting.cdr)
            except TrunklineError as error:
                if error.fault not in REFUSALS:
                    log.warning("billing does not take the CDR yet", error=error.message)
                    return None
                log.error("billing refuses the CDR", error=error.message)
                await self._store.refuse(waiting, error.message, self._clock())
                self._refused.inc()
                return False
            return True

    def _age(self) -> float:
        return 0.0 if self._oldest is None else max(self._clock() - self._oldest, 0.0)
