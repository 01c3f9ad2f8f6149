"""Delivers what a queue owes, in order per account, until it is taken (BIL-12, MGT-14)."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar

import structlog
from trunkline_kernel.background import steadily

from ..cdrs.retries import next_try
from ..store.queues import Owed, Queue

ACCOUNTS_AT_ONCE: Final = 16
BATCH: Final = 100
PAUSE: Final = 0.5

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
        count: Callable[[str], None],
        next_try: NextTry = next_try,
    ) -> None:
        """`count` is told the outcome of every try: taken, failed or given_up."""
        self._queue = queue
        self._receiver = receiver
        self._clock = clock
        self._count = count
        self._next_try = next_try

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
        return len(due)

    async def _deliver_account(self, account: str) -> None:
        taken = []
        for one in await self._queue.owed(BATCH, account):
            problem = await self._receiver.take(one.content)
            if problem:
                await self._failed(one, problem)
                break
            taken.append(one.id)
            self._count("taken")
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
            self._count("given_up")
            await self._queue.done([one.id])
            return
        told.warning("delivery_failed")
        self._count("failed")
        await self._queue.postpone(one.id, attempts, due)
