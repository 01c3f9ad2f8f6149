"""One connection to Redis, and what to do while it is away.

Times in Redis are the domain's, in milliseconds; Redis' own expiry only clears away, later, what
has been forgotten already. All keys carry one hash tag: a Redis Cluster keeps them together.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import structlog
from prometheus_client import Gauge
from redis.asyncio import Redis
from redis.exceptions import RedisError
from trunkline_kernel.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

PREFIX: Final = "{trunkline:auth}:"

ANSWER_TIMEOUT: Final = 0.2
"""Seconds one command may take: less than a SIP caller waits before it asks again."""

RETRY_AFTER: Final = 1.0
"""Seconds in which nobody asks again after a failure."""

CLEAR_AFTER: Final = timedelta(seconds=60)
"""How much longer than the domain Redis remembers."""

_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SharedStore:
    """Runs work on Redis, or what stands in for it."""

    def __init__(self, client: Redis, away: Gauge | None = None) -> None:
        self._client = client
        self._away = away
        self._retry_at = 0.0
        self._is_away = False

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
        """Return a Lua script as a function of keys and arguments."""
        registered = self._client.register_script(text)

        async def run(keys: list[str], *args: str | int) -> Any:
            return await registered(keys=[PREFIX + key for key in keys], args=list(args))

        return run

    def _note(self, *, away: bool, problem: str = "") -> None:
        if away and not self._is_away:
            log.error("shared state is away, going on with our own", problem=problem)
        if self._is_away and not away:
            log.warning("shared state is back")
        self._is_away = away
        if self._away is not None:
            self._away.set(away)


@asynccontextmanager
async def open_store(url: str, metrics: Metrics | None = None) -> AsyncIterator[SharedStore]:
    """Open the store at a redis:// URL; whether it can be reached shows later."""
    client = Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=ANSWER_TIMEOUT,
        socket_connect_timeout=ANSWER_TIMEOUT,
    )
    away = (
        metrics.gauge("shared_state_away", "Whether Redis can't be reached: 1 or 0.")
        if metrics
        else None
    )
    try:
        yield SharedStore(client, away)
    finally:
        await client.aclose()


def milliseconds(value: datetime | timedelta) -> int:
    """Return a time since the epoch, or a span, in milliseconds."""
    span = value - _EPOCH if isinstance(value, datetime) else value
    return span // _MILLISECOND


def moment(value: object) -> datetime:
    """Return the time of milliseconds since the epoch."""
    return _EPOCH + int(str(value)) * _MILLISECOND


def span(value: object) -> timedelta:
    """Return the span of milliseconds."""
    return int(str(value)) * _MILLISECOND


def clear_after(remembered: timedelta) -> int:
    """Return the milliseconds after which Redis clears away what the domain remembers so long."""
    return milliseconds(max(remembered, timedelta(0)) + CLEAR_AFTER)
