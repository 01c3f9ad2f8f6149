"""Pushes CDRs to an HTTP endpoint, in order per account, until they are taken (BIL-12)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

import structlog
from trunkline_kernel.background import steadily
from trunkline_kernel.parameters import Parameters

from ..cdrs.fields import cdr_fields
from ..cdrs.retries import next_try
from ..parameters import CDR_REPORT_SERVER
from ..store.deliveries import Deliveries, Delivery

OUTPUT: Final = "push"
ACCOUNTS_AT_ONCE: Final = 16
BATCH: Final = 100
PAUSE: Final = 0.5

Post = Callable[[str, bytes], Awaitable[int]]
"""Posts a body to a URL and returns the status."""

log = structlog.stdlib.get_logger(__name__)


class PushObserver(Protocol):
    """Counts pushes."""

    def pushed(self, outcome: str) -> None:
        """A push was taken, failed, or given up."""


class PushOutput:
    """Delivers what is owed to the endpoint that the parameter names."""

    def __init__(
        self,
        deliveries: Deliveries,
        parameters: Parameters,
        post: Post,
        clock: Callable[[], datetime],
        observer: PushObserver,
    ) -> None:
        self._deliveries = deliveries
        self._parameters = parameters
        self._post = post
        self._clock = clock
        self._observer = observer

    async def run(self) -> None:
        """Push whatever is due. Never returns."""
        await steadily(self.push_some, PAUSE, "CDR push")

    async def push_some(self) -> int:
        """Push what is due of some accounts; return how many accounts that were."""
        url = self._parameters[CDR_REPORT_SERVER]
        if not url:
            return 0
        async with self._deliveries.turn(OUTPUT) as ours:
            if not ours:
                return 0
            due = await self._deliveries.due_accounts(OUTPUT, self._clock(), ACCOUNTS_AT_ONCE)
            async with asyncio.TaskGroup() as tasks:
                for account in due:
                    tasks.create_task(self._push_account(url, account))
        return len(due)

    async def _push_account(self, url: str, account: str) -> None:
        taken = []
        for one in await self._deliveries.owed(OUTPUT, BATCH, account):
            problem = await self._push(url, one)
            if problem:
                await self._failed(one, problem)
                break
            taken.append(one.id)
            self._observer.pushed("taken")
        if taken:
            await self._deliveries.done(taken)

    async def _push(self, url: str, one: Delivery) -> str:
        """Push one CDR; return what went wrong, if anything did."""
        fields = cdr_fields(one.stored.flow_no, one.stored.cdr)
        try:
            status = await self._post(url, json.dumps(fields).encode())
        except (OSError, TimeoutError, ValueError) as error:
            return str(error) or type(error).__name__
        return "" if 200 <= status < 300 else f"HTTP {status}"

    async def _failed(self, one: Delivery, problem: str) -> None:
        attempts = one.attempts + 1
        due = next_try(attempts, one.first_at, self._clock())
        call_id = one.stored.cdr.call.call_id
        if due is None:
            log.error("cdr_push_given_up", call_id=call_id, problem=problem)
            self._observer.pushed("given_up")
            await self._deliveries.done([one.id])
            return
        log.warning("cdr_push_failed", call_id=call_id, problem=problem, attempts=attempts)
        self._observer.pushed("failed")
        await self._deliveries.postpone(one.id, attempts, due)
