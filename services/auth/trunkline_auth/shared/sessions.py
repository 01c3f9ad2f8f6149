"""Authentication sessions and nonce counts in Redis (AUT-02, AUT-03)."""

from datetime import datetime, timedelta
from typing import Any, Final

from ..admission.sessions import CLOSED_LINGER, NonceCounts, Session, Sessions
from .connection import SharedStore, clear_after, milliseconds, moment, span

_OPEN: Final = """
local opened, retry, timeout, failures =
    unpack(redis.call('HMGET', KEYS[1], 'opened', 'retry', 'timeout', 'failures'))
local now, linger = tonumber(ARGV[1]), tonumber(ARGV[4])
if opened and tonumber(opened) + tonumber(timeout) + linger > now then
    return {opened, retry, timeout, failures}
end
redis.call('HSET', KEYS[1], 'opened', ARGV[1], 'retry', ARGV[2], 'timeout', ARGV[3], 'failures', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {ARGV[1], ARGV[2], ARGV[3], '0'}
"""
_FAIL: Final = """
local opened, retry, timeout = unpack(redis.call('HMGET', KEYS[1], 'opened', 'retry', 'timeout'))
if not opened or tonumber(opened) + tonumber(timeout) + tonumber(ARGV[2]) <= tonumber(ARGV[1]) then
    return false
end
return {opened, retry, timeout, tostring(redis.call('HINCRBY', KEYS[1], 'failures', 1))}
"""
_END: Final = "return redis.call('DEL', KEYS[1])"

_USE: Final = """
local highest, user = unpack(redis.call('HMGET', KEYS[1], 'count', 'request'))
if highest and tonumber(ARGV[1]) <= tonumber(highest) then
    return (tonumber(ARGV[1]) == tonumber(highest) and ARGV[2] == user) and 1 or 0
end
redis.call('HSET', KEYS[1], 'count', ARGV[1], 'request', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""


class RedisSessions:
    """Sessions by key."""

    def __init__(self, store: SharedStore, fallback: Sessions) -> None:
        self._store = store
        self._fallback = fallback
        self._open = store.script(_OPEN)
        self._fail = store.script(_FAIL)
        self._end = store.script(_END)

    async def open(self, key: str, retry: int, longest: timedelta, now: datetime) -> Session:
        async def work(client: Any) -> Session:
            linger = milliseconds(CLOSED_LINGER)
            clear = clear_after(longest + CLOSED_LINGER)
            stamps = (milliseconds(now), retry, milliseconds(longest), linger, clear)
            return _session(await self._open([f"session:{key}"], *stamps))

        return await self._store.run(work, lambda: self._fallback.open(key, retry, longest, now))

    async def fail(self, key: str, now: datetime) -> Session | None:
        async def work(client: Any) -> Session | None:
            linger = milliseconds(CLOSED_LINGER)
            fields = await self._fail([f"session:{key}"], milliseconds(now), linger)
            return _session(fields) if fields else None

        return await self._store.run(work, lambda: self._fallback.fail(key, now))

    async def end(self, key: str) -> None:
        async def work(client: Any) -> None:
            await self._end([f"session:{key}"])

        await self._store.run(work, lambda: self._fallback.end(key))


class RedisNonceCounts:
    """The highest count of each nonce and who used it."""

    def __init__(self, store: SharedStore, fallback: NonceCounts) -> None:
        self._store = store
        self._fallback = fallback
        self._use = store.script(_USE)

    async def use(
        self, nonce: str, count: int, request: str, until: datetime, now: datetime
    ) -> bool:
        async def work(client: Any) -> bool:
            return bool(
                await self._use([f"nonce:{nonce}"], count, request, clear_after(until - now))
            )

        return await self._store.run(
            work, lambda: self._fallback.use(nonce, count, request, until, now)
        )


def _session(fields: list[str]) -> Session:
    opened, retry, timeout, failures = fields
    return Session(moment(opened), int(retry), span(timeout), int(failures))
