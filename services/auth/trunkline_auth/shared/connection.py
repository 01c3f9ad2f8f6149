"""How auth writes to Redis: its keys, its scripts, its times.

Times in Redis are the domain's, in milliseconds; Redis' own expiry only clears away, later, what
has been forgotten already. All keys carry one hash tag: a Redis Cluster keeps them together.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trunkline_kernel.metrics import Metrics
from trunkline_kernel.shared_state import SharedState, connect_redis

PREFIX: Final = "{trunkline:auth}:"

CLEAR_AFTER: Final = timedelta(seconds=60)
"""How much longer than the domain Redis remembers."""

_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SharedStore(SharedState):
    """Shared state whose scripts name their keys."""

    def script(self, text: str) -> Callable[..., Awaitable[Any]]:
        """Return a Lua script as a function of keys and arguments."""
        registered = self._client.register_script(text)

        async def run(keys: list[str], *args: str | int) -> Any:
            return await registered(keys=[PREFIX + key for key in keys], args=list(args))

        return run


@asynccontextmanager
async def open_store(url: str, metrics: Metrics | None = None) -> AsyncIterator[SharedStore]:
    """Open the store at a redis:// URL; whether it can be reached shows later."""
    async with connect_redis(url) as client:
        yield SharedStore(client, metrics)


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
