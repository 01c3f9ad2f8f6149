"""Delivers what a queue owes, in order per account, until it is taken (BIL-12, MGT-14)."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

import structlog
from trunkline_kernel.background import steadily

from ..cdrs.retries import LIFE, next_try, try_for_ever
from ..store.queues import Owed, Queue

ACCOUNTS_AT_ONCE: Final = 16
BATCH: Final = 100
PAUSE: Final = 0.5
DEAD: Final = LIFE + timedelta(hours=2)
"""After so long without a success the receiver is gone, and what is as old has had its tries."""

NextTry = Callable[[int, datetime, datetime], datetime | None]
"""Returns when to try again, of attempts, first try and now; None to give up."""

ContentT = TypeVar("ContentT")
NeverContentT = TypeVar("NeverContentT", contravariant=True)
log = structlog.stdlib.get_logger(__name__)


class Receiver(Protocol[NeverContentT]):
    """Where things are delivered to."""

    name: str
    """For the log and metrics."""

    @property
    def wanted(self) -> bool:
        """Whether anything is to be delivered now."""

    def subject(self, content: NeverContentT) -> str:
        """Return what the log calls a thing."""

    async def take(self, content: NeverContentT) -> str:
        """Deliver one thing; return what went wrong, if anything did."""


class OrderedOutput(Generic[ContentT]):
    """Moves what a queue owes to its receiver."""

    def __init__(
        self,
        queue: Queue[ContentT],
        receiver: Receiver[ContentT],
        clock: Callable[[], datetime],
        count: Callable[[str, int], None],
        next_try: NextTry = next_try,
    ) -> None:
        """`count` is told how many were taken, failed or given_up."""
        self._queue = queue
        self._receiver = receiver
        self._clock = clock
        self._count = count
        self._next_try = next_try
        self._last_taken = clock()

    async def run(self) -> None:
        """Deliver whatever is due. Never returns."""
        await steadily(self.deliver_some, PAUSE, self._receiver.name)

    async def deliver_some(self) -> int:
        """Deliver what is due of some accounts; return how many accounts that were."""
        if not self._receiver.wanted:
            return 0
        async with self._queue.turn() as ours:
            if not ours:
                return 0
            due = await self._queue.due_accounts(self._clock(), ACCOUNTS_AT_ONCE)
            async with asyncio.TaskGroup() as tasks:
                for account in due:
                    tasks.create_task(self._deliver_account(account))
            return len(due) + await self._expire_some()

    async def _expire_some(self) -> int:
        """Forget what is too old where the receiver has long taken nothing; return how much.

        One by one it would grow without end: each try of a dead receiver takes a timeout.
        """
        now = self._clock()
        if self._next_try is try_for_ever or now - self._last_taken < DEAD:
            return 0
        gone = await self._queue.expire(now - DEAD)
        if gone:
            log.error("deliveries_given_up", output=self._receiver.name, count=gone)
            self._count("given_up", gone)
        return gone

    async def _deliver_account(self, account: str) -> None:
        taken = []
        for one in await self._queue.owed(BATCH, account):
            problem = await self._receiver.take(one.content)
            if problem:
                await self._failed(one, problem)
                break
            taken.append(one.id)
            self._last_taken = self._clock()
            self._count("taken", 1)
        if taken:
            await self._queue.done(taken)

    async def _failed(self, one: Owed[ContentT], problem: str) -> None:
        attempts = one.attempts + 1
        due = self._next_try(attempts, one.first_at, self._clock())
        told = log.bind(
            output=self._receiver.name,
            subject=self._receiver.subject(one.content),
            problem=problem,
            attempts=attempts,
        )
        if due is None:
            told.error("delivery_given_up")
            self._count("given_up", 1)
            await self._queue.done([one.id])
            return
        told.warning("delivery_failed")
        self._count("failed", 1)
        await self._queue.postpone(one.id, attempts, due)
