"""Positions of caller pools in Redis (RTE-26)."""

from __future__ import annotations

from typing import Any

from ..capacity.rotation import MemoryRotation
from .connection import PREFIX, SharedStore


class RedisRotation:
    """One position a key for the cluster; while Redis is away, one of our own."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._own = MemoryRotation()

    async def turn(self, key: str) -> int:
        """Return the position under `key` and move it on by one."""

        async def shared(client: Any) -> int:
            return int(await client.hincrby(f"{PREFIX}turns", key, 1)) - 1

        async def own() -> int:
            return await self._own.turn(key)

        return await self._store.run(shared, own)
