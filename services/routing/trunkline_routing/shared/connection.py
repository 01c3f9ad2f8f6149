"""How routing writes to Redis: its keys and its scripts.

All keys carry one hash tag: a Redis Cluster keeps them together, so that a script may touch them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from trunkline_kernel.metrics import Metrics
from trunkline_kernel.shared_state import SharedState, connect_redis

PREFIX: Final = "{trunkline:routing}:"


class SharedStore(SharedState):
    """Shared state whose scripts make their keys from the prefix."""

    def script(self, text: str) -> Callable[..., Awaitable[Any]]:
        """Return a Lua script as a function of its arguments, which follow the keys' prefix."""
        registered = self._client.register_script(text)

        async def run(*args: str | int | float) -> Any:
            return await registered(keys=[PREFIX], args=list(args))

        return run


@asynccontextmanager
async def open_store(url: str, metrics: Metrics | None = None) -> AsyncIterator[SharedStore]:
    """Open the store at a redis:// URL; whether it can be reached shows later."""
    async with connect_redis(url) as client:
        yield SharedStore(client, metrics)
