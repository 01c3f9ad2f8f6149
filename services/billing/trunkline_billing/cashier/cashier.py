"""Group commit: everything that is ready is decided and written in one database transaction.

Alone on its database (SQLite) the till in memory is the truth: Authorize and Extend are answered at
once and written behind, as a lease may be lost; Settle and Pay are answered when they are durable.
Beside other replicas (PostgreSQL) every batch locks and reads what it looks at first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog

from ..accounts.purse import Purse
from ..charging.authorization import Extension
from ..charging.changes import Changes
from ..charging.reservation import CallStart, Reservation
from ..charging.rules import Rules
from ..charging.till import Till
from ..errors import LedgerUnavailable
from ..store.journal import Away, Journal, JournalError, Known, Taken, Write
from ..store.ledger_reader import LedgerReader
from .observer import Observer
from .work import Authorize, Expire, Extend, Settle, Work

LARGEST_BATCH: Final = 256
QUEUE_LIMIT: Final = 10_000
RELOAD_PAUSE: Final = 0.5
SETTLE_BEHIND: Final = 0.02
"""Seconds for which a settlement, which nobody hears, waits for others to share its commit."""
WRITE_BEHIND: Final = 0.05
"""Seconds after which a lease is written when nothing else is."""
ATTEMPTS: Final = 3
"""Tries of one batch: another replica may settle the same call at the same time."""

COMMIT_LIMIT: Final = 5.0
"""Seconds after which a commit counts as failed: a lost connection need not say so."""
FLUSH_LIMIT: Final = 10.0
"""Seconds that the end of a process waits for the database."""

Answer = TypeVar("Answer")
log = structlog.get_logger()


@dataclass(slots=True)
class _Queued:
    work: Work[Any]
    answer: asyncio.Future[Any]
    outcome: object = None


class Cashier:
    """Answers requests for money, durably and in groups."""

    def __init__(
        self,
        till: Till,
        journal: Journal,
        rules: Callable[[], Rules],
        clock: Callable[[], datetime],
        observer: Observer,
        linger: timedelta = timedelta(milliseconds=5),
    ) -> None:
        """`linger` is the shortest time between the begins of two commits."""
        self.till = till
        self._journal = journal
        self._rules = rules
        self._clock = clock
        self._observer = observer
        self._linger = linger.total_seconds()
        self._queue: list[_Queued] = []
        self._wake = asyncio.Event()
        self._lost: Changes | None = None
        self._behind: asyncio.TimerHandle | None = None
        self._loaded = False
        self._problem = "it was not read yet"

    @property
    def ready(self) -> bool:
        """Whether the till shows what the database holds."""
        return self._loaded

    async def load(self) -> None:
        """Fill the till from the database."""
        await self._journal.load(self.till)
        self._loaded = True

    async def authorize(self, start: CallStart) -> Reservation:
        """Reserve a call's first slice; raise `Refused`."""
        if self._journal.shared:
            return await self.submit(Authorize(start))
        return self._at_once(Authorize(start))

    async def extend(self, call_id: str, elapsed: timedelta) -> Extension:
        """Keep a call's money ahead of it; raise `UnknownCall`."""
        if self._journal.shared:
            return await self.submit(Extend(call_id, elapsed))
        return self._at_once(Extend(call_id, elapsed))

    async def submit(self, work: Work[Answer]) -> Answer:
        """Return the answer of `work` when it is durable; raise `LedgerUnavailable`."""
        self._require_loaded()
        if len(self._queue) >= QUEUE_LIMIT:
            raise LedgerUnavailable(f"{QUEUE_LIMIT} requests wait for the database")
        queued = _Queued(work, asyncio.get_running_loop().create_future())
        self._queue.append(queued)
        if isinstance(work, Settle):
            self._wake_within(SETTLE_BEHIND)
        else:
            self._wake.set()
        answer: Answer = await queued.answer
        return answer

    async def purse(self, account: str, ledger: LedgerReader) -> Purse:
        """Return what an account holds: from memory where that is the truth, else from `ledger`."""
        if self._journal.shared:
            return await ledger.purse(account)
        return self.till.purse(account)

    async def run(self) -> None:
        """Commit batch after batch. Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            next_commit = loop.time() + self._linger
            await self._commit_one()
            if not self._loaded:
                self._wake.set()
            await asyncio.sleep(next_commit - loop.time())

    async def expire_leases(self, pause: timedelta) -> None:
        """Settle the calls that nobody extends any more. Never returns.

        None is in the first lease after start: their owners could not reach us before.
        """
        await asyncio.sleep(self._rules().lease.total_seconds())
        while True:
            for call in await self._expired():
                settlement = await self._quietly(Expire(call))
                if settlement is not None:
                    log.warning("lease_expired", call_id=call)
                    self._observer.expired(settlement)
            await asyncio.sleep(pause.total_seconds())

    async def flush(self) -> None:
        """Write everything decided so far. For the end of a process."""
        try:
            async with asyncio.timeout(FLUSH_LIMIT):
                while self._queue or self.till.changes:
                    await self._commit_one()
        except TimeoutError:
            log.error("ledger_not_flushed", requests=len(self._queue))

    async def _expired(self) -> list[str]:
        now = self._clock()
        try:
            if self._journal.shared:
                return await self._journal.expired(now)
        except Away as error:
            log.warning("leases_unread", error=str(error))
            return []
        return [call for call, held in self.till.reservations.items() if held.lease_until <= now]

    async def _quietly(self, work: Work[Answer]) -> Answer | None:
        try:
            return await self.submit(work)
        except LedgerUnavailable:
            return None

    def _require_loaded(self) -> None:
        if not self._loaded:
            raise LedgerUnavailable(f"the ledger is being read again: {self._problem}")

    def _wake_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if self._behind is None or loop.time() + seconds < self._behind.when():
            self._stop_waiting()
            self._behind = loop.call_later(seconds, self._wake.set)

    def _stop_waiting(self) -> None:
        if self._behind is not None:
            self._behind.cancel()
            self._behind = None

    def _at_once(self, work: Work[Answer]) -> Answer:
        self._require_loaded()
        answer = work.decide(self.till, {}, self._rules(), self._clock())
        self._wake_within(WRITE_BEHIND)
        return answer

    async def _commit_one(self) -> None:
        self._stop_waiting()
        batch, self._queue = self._queue[:LARGEST_BATCH], self._queue[LARGEST_BATCH:]
        if self._queue:
            self._wake.set()
        await self._try(batch)

    async def _try(self, batch: list[_Queued], *, careful: bool = False) -> None:
        """Commit a batch; `careful` believes of no call that it was not settled before."""
        try:
            if not self._loaded:
                await self._reload()
            await self._commit(batch, careful=careful)
        except (Away, TimeoutError) as error:
            await self._fail(batch, error)
        except Exception as error:
            if batch and not careful:
                await self._try_each(batch)
                return
            unknown = not isinstance(error, JournalError)
            log.error("request_cannot_be_stored", error=str(error), exc_info=unknown)
            await self._fail(batch, error)
        else:
            _answer(batch)

    async def _try_each(self, batch: list[_Queued]) -> None:
        """Commit one by one: the database refuses one of them, the others shall not suffer."""
        self._undo()
        for queued in batch:
            await self._try([queued], careful=True)

    async def _commit(self, batch: list[_Queued], *, careful: bool) -> None:
        started = asyncio.get_running_loop().time()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.timeout(COMMIT_LIMIT), self._journal.write() as write:
                    await self._decide(batch, write, careful=careful or attempt > 1)
                    changes = self.till.take_changes()
                    self._lost = changes
                    await write.store(changes, self.till)
                break
            except Taken:
                if attempt == ATTEMPTS or not self._journal.shared:
                    raise
        self._lost = None
        self._observer.committed(len(batch), asyncio.get_running_loop().time() - started, changes)
        if self._journal.shared:
            self.till.forget()

    async def _decide(self, batch: list[_Queued], write: Write, *, careful: bool) -> None:
        if self._journal.shared:
            await write.lock_calls(self.till, {q.work.call for q in batch if q.work.call})
            accounts = {name for q in batch for name in q.work.accounts(self.till)}
            await write.lock_purses(self.till, accounts)
        known = await write.known(self._doubtful(batch, careful=careful))
        rules, now = self._rules(), self._clock()
        for queued in batch:
            queued.outcome = _outcome(queued.work, self.till, known, rules, now)

    def _doubtful(self, batch: list[_Queued], *, careful: bool) -> set[str]:
        """Return what may be booked already.

        Rarely a call that holds a reservation: its Authorize would have come after its Settle.
        """
        sure = {} if careful else self.till.reservations
        works = [one.work for one in batch]
        return {
            transaction
            for work in works
            if (isinstance(work, Expire) or work.call not in sure)
            and (transaction := work.transaction)
        }

    async def _fail(self, batch: list[_Queued], error: Exception) -> None:
        self._problem = str(error) or type(error).__name__
        log.error("ledger_unavailable", error=self._problem, requests=len(batch))
        self._observer.failed()
        for queued in batch:
            if not queued.answer.done():
                queued.answer.set_exception(LedgerUnavailable(f"the ledger: {self._problem}"))
        self._undo()
        await asyncio.sleep(RELOAD_PAUSE)

    def _undo(self) -> None:
        """Forget what was decided and not written."""
        if self._journal.shared:
            self.till.forget()
        else:
            self._loaded = False

    async def _reload(self) -> None:
        """Fill the till anew; calls whose lease was not written yet keep their reservation."""
        lost, newer = self._lost, self.till.take_changes()
        await self._journal.load(self.till)
        for changes in (lost, newer):
            for held in changes.reservations.values() if changes else ():
                if held is not None and held.call_id not in self.till.reservations:
                    self.till.adopt(held)
        self._lost = None
        self._loaded = True


def _outcome(work: Work[Any], till: Till, known: Known, rules: Rules, now: datetime) -> object:
    try:
        answer = work.decide(till, known, rules, now)
    except Exception as error:
        return error
    if work.transaction:
        known.setdefault(work.transaction, None)
    return answer


def _answer(batch: list[_Queued]) -> None:
    for queued in batch:
        if queued.answer.done():
            continue  # its caller gave up; the repeat will find what was booked
        if isinstance(queued.outcome, Exception):
            queued.answer.set_exception(queued.outcome)
        else:
            queued.answer.set_result(queued.outcome)
