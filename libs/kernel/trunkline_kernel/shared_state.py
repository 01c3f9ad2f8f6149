"""State that several replicas share in Redis, and what to do while Redis is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from .metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

ANSWER_TIMEOUT: Final = 0.2
"""Seconds one command may take: less than a SIP caller waits before it asks again."""

RETRY_AFTER: Final = 1.0
"""Seconds in which nobody asks again after a failure."""


class SharedState:
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

    def _note(self, *, away: bool, problem: str = "") -> None:
        if away and not self.away:
            log.error("shared state is away, going on with our own", problem=problem)
        if self.away and not away:
            log.warning("shared state is back")
        self.away = away


@asynccontextmanager
async def connect_redis(url: str) -> AsyncIterator[Redis]:
    """Give a client for a redis:// URL; whether it can be reached shows later."""
    client = Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=ANSWER_TIMEOUT,
    )
    try:
        yield client
    finally:
        await client.aclose()
