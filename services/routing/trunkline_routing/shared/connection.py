"""One connection to Redis, and what to do while it is away.

All keys carry one hash tag: a Redis Cluster keeps them together, so that a script may touch them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from trunkline_kernel.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

PREFIX: Final = "{trunkline:routing}:"

ANSWER_TIMEOUT: Final = 0.2
"""Seconds one command may take: less than a SIP caller waits before it asks again."""

RETRY_AFTER: Final = 1.0
"""Seconds in which nobody asks again after a failure."""


class SharedStore:
    """Runs work on Redis, or what stands in for it."""

    def __init__(self, client: Redis, metrics: Metrics | None = None) -> None:
        self._client = client
        self._retry_at = 0.0
        self.away = False
        if metrics is not None:
            gauge = metrics.gauge("shared_state_away", "Whether Redis can't be reached: 1 or 0.")
            gauge.set_function(lambda: float(self.away))

    async def run(
        self, work: Callable[[Any], Awaitable[T]], otherwise: Callable[[], Awaitable[T]]
    ) -> T:
        """Return what `work` does with the client, or `otherwise` while Redis is away."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._retry_at:
            return await otherwise()
        try:
            async with asyncio.timeout(2 * ANSWER_TIMEOUT):
                result = await work(self._client)
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = loop.time() + RETRY_AFTER
            self._note(away=True, problem=str(error))
            return await otherwise()
        self._note(away=False)
        return result

    def script(self, text: str) -> Callable[..., Awaitable[Any]]:
        """Return a Lua script as a function of its arguments, which follow the keys' prefix."""
        registered = self._client.register_script(text)

        async def run(*args: str | int | float) -> Any:
            return await registered(keys=[PREFIX], args=list(args))

        return run

    def _note(self, *, away: bool, problem: str = "") -> None:
        if away and not self.away:
            log.error("shared state is away, going on with our own", problem=problem)
        if self.away and not away:
            log.warning("shared state is back")
        self.away = away


@asynccontextmanager
async def open_store(url: str, metrics: Metrics | None = None) -> AsyncIterator[SharedStore]:
    """Open the store at a redis:// URL; whether it can be reached shows later."""
    client = Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=ANSWER_TIMEOUT,
    )
    try:
        yield SharedStore(client, metrics)
    finally:
        await client.aclose()
