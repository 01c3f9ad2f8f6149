"""The dynamic black list and its counts in Redis (AUT-09 to AUT-13)."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ..lists import (
    BlackList,
    CallerSeats,
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    Party,
    WindowKey,
    Windows,
)
from .connection import PREFIX, SharedStore, clear_after, milliseconds, moment, span

_ENTRIES: Final = PREFIX + "black-list"

_ADD: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[4]))
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) and 1 or 0
"""
_TAKE: Final = """
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
    if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""
_HIT: Final = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
return 1
"""


class RedisBlackList:
    """Entries by key, in one hash."""

    def __init__(self, store: SharedStore, fallback: BlackList) -> None:
        self._store = store
        self._fallback = fallback
        self._hit = store.script(_HIT)

    async def find(self, keys: Sequence[EntryKey], now: datetime) -> Entry | None:
        async def work(client: Any) -> Entry | None:
            values = await client.hmget(_ENTRIES, [_member(key) for key in keys])
            for key, value in zip(keys, values, strict=True):
                entry = _entry(key, value) if value else None
                if entry is not None and entry.expires > now:
                    return entry
            return None

        return await self._store.run(work, lambda: self._fallback.find(keys, now))

    async def put(self, entry: Entry) -> None:
        async def work(client: Any) -> None:
            await client.hset(_ENTRIES, _member(entry.key), _value(entry))

        await self._store.run(work, lambda: self._fallback.put(entry))

    async def hit(self, entry: Entry, now: datetime) -> None:
        expires = now + entry.span if entry.span else entry.expires
        refused = replace(entry, expires=expires, hits=entry.hits + 1)

        async def work(client: Any) -> None:
            await self._hit(["black-list"], _member(entry.key), _value(refused))

        await self._store.run(work, lambda: self._fallback.hit(entry, now))

    async def remove(self, key: EntryKey) -> bool:
        async def work(client: Any) -> bool:
            return bool(await client.hdel(_ENTRIES, _member(key)))

        return await self._store.run(work, lambda: self._fallback.remove(key))

    async def entries(self, wanted: EntryFilter, now: datetime) -> Sequence[Entry]:
        async def work(client: Any) -> Sequence[Entry]:
            stored = await client.hgetall(_ENTRIES)
            entries = [_entry(_key(member), value) for member, value in stored.items()]
            gone = [_member(each.key) for each in entries if each.expires <= now]
            if gone:
                await client.hdel(_ENTRIES, *gone)
            live = [each for each in entries if each.expires > now and wanted.wants(each)]
            return sorted(live, key=lambda each: each.key)

        return await self._store.run(work, lambda: self._fallback.entries(wanted, now))


class RedisWindows:
    """The last events of each number, in a sorted set by time."""

    def __init__(self, store: SharedStore, fallback: Windows) -> None:
        self._store = store
        self._fallback = fallback
        self._add = store.script(_ADD)

    async def add(
        self, key: WindowKey, event: str, interval: timedelta, limit: int, now: datetime
    ) -> bool:
        async def work(client: Any) -> bool:
            reached = await self._add(
                [_window(key)],
                event,
                milliseconds(now - interval),
                milliseconds(now),
                limit,
                clear_after(interval),
            )
            return bool(reached)

        return await self._store.run(
            work, lambda: self._fallback.add(key, event, interval, limit, now)
        )

    async def clear(self, key: WindowKey) -> None:
        async def work(client: Any) -> None:
            await client.delete(PREFIX + _window(key))

        await self._store.run(work, lambda: self._fallback.clear(key))


class RedisCallerSeats:
    """Calls in progress of each caller, in a sorted set by when the seat lapses."""

    def __init__(self, store: SharedStore, fallback: CallerSeats) -> None:
        self._store = store
        self._fallback = fallback
        self._take = store.script(_TAKE)

    async def take(
        self, scope: str, caller: str, call_id: str, limit: int, until: datetime, now: datetime
    ) -> bool:
        async def work(client: Any) -> bool:
            taken = await self._take(
                [f"seats:{scope}:{caller}"],
                call_id,
                milliseconds(now),
                milliseconds(until),
                limit,
                clear_after(until - now),
            )
            return bool(taken)

        return await self._store.run(
            work, lambda: self._fallback.take(scope, caller, call_id, limit, until, now)
        )

    async def free(self, scope: str, caller: str, call_id: str) -> None:
        async def work(client: Any) -> None:
            await client.zrem(f"{PREFIX}seats:{scope}:{caller}", call_id)

        await self._store.run(work, lambda: self._fallback.free(scope, caller, call_id))


def _window(key: WindowKey) -> str:
    return f"window:{key.reason}:{key.scope}:{key.number}"


def _member(key: EntryKey) -> str:
    return json.dumps([key.party, key.number, key.scope])


def _key(member: str) -> EntryKey:
    party, number, scope = json.loads(member)
    return EntryKey(Party(party), number, scope)


def _value(entry: Entry) -> str:
    times = [milliseconds(each) for each in (entry.created, entry.expires, entry.span)]
    return json.dumps([entry.reason, *times, entry.hits])


def _entry(key: EntryKey, value: str) -> Entry:
    reason, created, expires, rest, hits = json.loads(value)
    return Entry(key, ListedFor(reason), moment(created), moment(expires), span(rest), hits)
