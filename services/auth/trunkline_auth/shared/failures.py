"""Failures and suspensions in Redis (AUT-04, AUT-07)."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..admission.failures import FailureKey, Failures, Suspension, SuspensionKind
from .connection import PREFIX, SharedStore, clear_after, milliseconds, moment

_SUSPENDED: Final = "suspended"

_RECORD: Final = """
local now, until_ = tonumber(ARGV[1]), tonumber(ARGV[2])
local failures, forget = unpack(redis.call('HMGET', KEYS[1], 'failures', 'forget'))
local score = redis.call('ZSCORE', KEYS[2], ARGV[5])
if score and tonumber(score) > now then return false end
if not forget or tonumber(forget) <= now then failures = 0 end
failures = tonumber(failures) + 1
redis.call('HSET', KEYS[1], 'failures', failures, 'forget', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if failures < tonumber(ARGV[3]) then return false end
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[2], until_, ARGV[5])
return ARGV[2]
"""
_SUSPEND: Final = """
local score = redis.call('ZSCORE', KEYS[2], ARGV[3])
if score and tonumber(score) > tonumber(ARGV[1]) then return false end
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
return ARGV[2]
"""
_CLEAR: Final = """
redis.call('DEL', KEYS[1])
return redis.call('ZREM', KEYS[2], ARGV[1])
"""


class RedisFailures:
    """Counts by key, and one sorted set of suspensions by their end."""

    def __init__(self, store: SharedStore, fallback: Failures) -> None:
        self._store = store
        self._fallback = fallback
        self._record = store.script(_RECORD)
        self._suspend = store.script(_SUSPEND)
        self._clear = store.script(_CLEAR)

    async def record(
        self, key: FailureKey, limit: int, span: timedelta, now: datetime
    ) -> Suspension | None:
        async def work(client: Any) -> Suspension | None:
            until = await self._record(
                _keys(key),
                milliseconds(now),
                milliseconds(now + span),
                limit,
                clear_after(span),
                _member(key),
            )
            return Suspension(key, moment(until)) if until else None

        return await self._store.run(work, lambda: self._fallback.record(key, limit, span, now))

    async def suspend(self, key: FailureKey, span: timedelta, now: datetime) -> Suspension | None:
        async def work(client: Any) -> Suspension | None:
            until = await self._suspend(
                _keys(key), milliseconds(now), milliseconds(now + span), _member(key)
            )
            return Suspension(key, moment(until)) if until else None

        return await self._store.run(work, lambda: self._fallback.suspend(key, span, now))

    async def suspension(self, key: FailureKey, now: datetime) -> Suspension | None:
        async def work(client: Any) -> Suspension | None:
            score = await client.zscore(PREFIX + _SUSPENDED, _member(key))
            if score is None or score <= milliseconds(now):
                return None
            return Suspension(key, moment(int(score)))

        return await self._store.run(work, lambda: self._fallback.suspension(key, now))

    async def clear(self, key: FailureKey) -> None:
        async def work(client: Any) -> None:
            await self._clear(_keys(key), _member(key))

        await self._store.run(work, lambda: self._fallback.clear(key))

    async def suspensions(self, now: datetime) -> Sequence[Suspension]:
        async def work(client: Any) -> Sequence[Suspension]:
            await client.zremrangebyscore(PREFIX + _SUSPENDED, "-inf", milliseconds(now))
            found = await client.zrange(PREFIX + _SUSPENDED, 0, -1, withscores=True)
            return [Suspension(_key(member), moment(int(score))) for member, score in found]

        return await self._store.run(work, lambda: self._fallback.suspensions(now))

    async def lift(self, identity: str, ip: str, now: datetime) -> int:
        lifted = [
            each.key
            for each in await self.suspensions(now)
            if each.key.identity == identity and ip in ("", each.key.ip)
        ]
        for key in lifted:
            await self.clear(key)
        return len(lifted)


def _keys(key: FailureKey) -> list[str]:
    return [f"failures:{_member(key)}", _SUSPENDED]


def _member(key: FailureKey) -> str:
    return json.dumps([key.kind, key.identity, key.ip])


def _key(member: str) -> FailureKey:
    kind, identity, ip = json.loads(member)
    return FailureKey(SuspensionKind(kind), identity, ip)
