"""Which instance registers at which vendor: exactly one each, by leases (SIG-01)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, Protocol

from trunkline_kernel.shared_state import SharedState

LEASE: Final = 15_000
"""Milliseconds after which a registration of an instance that died belongs to whoever asks."""

PREFIX: Final = "{trunkline:signaling}:"
"""Before all keys; the hash tag keeps them together on a Redis Cluster."""

_CLAIM: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1] .. 'instances', now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1] .. 'instances', '-inf', now - ARGV[2])
local owned = {}
for i = 3, #ARGV do
  local key = KEYS[1] .. 'registration:' .. ARGV[i]
  local owner = redis.call('GET', key)
  if not owner or owner == ARGV[1] then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
    owned[#owned + 1] = ARGV[i]
  end
end
return owned
"""

_LEAVE: Final = """
redis.call('ZREM', KEYS[1] .. 'instances', ARGV[1])
for i = 2, #ARGV do
  local key = KEYS[1] .. 'registration:' .. ARGV[i]
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return redis.call('ZCARD', KEYS[1] .. 'instances')
"""


class Ownership(Protocol):
    """Shares registrations out among instances."""

    async def claim(self, names: Collection[str]) -> set[str]:
        """Return which of them are this instance's until it is asked again, within 15 s."""

    async def leave(self) -> bool:
        """Give all back; say whether another instance is there to take them."""


class Alone:
    """There is one instance, and everything is its."""

    async def claim(self, names: Collection[str]) -> set[str]:
        """Return all."""
        return set(names)

    async def leave(self) -> bool:
        """There is nobody else."""
        return False


class RedisOwnership:
    """Leases in Redis. While it is away everybody keeps what is theirs, and nobody takes more."""

    def __init__(self, store: SharedState, instance: str) -> None:
        self._store = store
        self._instance = instance
        self._owned: set[str] = set()

    async def claim(self, names: Collection[str]) -> set[str]:
        """Renew what is ours and take what is nobody's."""

        async def claim(client: Any) -> set[str]:
            arguments = (self._instance, LEASE, *sorted(names))
            return set(await client.eval(_CLAIM, 1, PREFIX, *arguments))

        async def keep() -> set[str]:
            return self._owned & set(names)

        self._owned = await self._store.run(claim, keep)
        return self._owned

    async def leave(self) -> bool:
        """Give back what is ours."""

        async def leave(client: Any) -> bool:
            return bool(await client.eval(_LEAVE, 1, PREFIX, self._instance, *self._owned))

        async def nobody() -> bool:
            return False

        return await self._store.run(leave, nobody)
