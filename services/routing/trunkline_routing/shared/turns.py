"""Positions of caller pools and records of calls, in Redis (RTE-26)."""

from __future__ import annotations

from typing import Any

from ..calls.course import Record
from ..capacity.rotation import MemoryRotation
from . import scripts
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


class RedisCourses:
    """Records of calls under way; while Redis is away, nobody else can go on with ours.

    They stand with the seats of their call, and go with the last of them.
    """

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._save = store.script(scripts.SAVE)

    async def save(self, record: Record) -> None:
        """Keep the record of a call, in place of the one before."""

        async def shared(client: Any) -> None:
            await self._save(record.call.id, record.to_json())

        await self._store.run(shared, _nothing)

    async def load(self, call_id: str) -> Record | None:
        """Return the record of a call, or nothing."""

        async def shared(client: Any) -> Record | None:
            text = await client.hget(f"{PREFIX}call:{call_id}", "_course")
            return Record.from_json(text) if text else None

        return await self._store.run(shared, _nothing)


async def _nothing() -> None:
    return None
