"""Bindings in Redis, with a copy of our own to go on with while it is away (SIG-24).

What was bound here while Redis was away is told to it when it is back.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..identity import (
    EndpointId,
    EndpointKind,
    IPAddress,
    SocketAddress,
    Transport,
    parse_ip,
)
from ..memory import MemoryBindings, NoJournal
from ..registrations import Binding, first_check
from .connection import PREFIX, SharedStore, milliseconds, moment

_ORDER: Final = "bindings"
_EXPIRIES: Final = "binding-expiries"
_NEW: Final = -1
"""Score of a terminal that was never due for a check."""

_FORGET: Final = """
local function forget(prefix, member, value)
    local old = cjson.decode(value)
    redis.call('SREM', prefix .. 'ip:' .. old.received_ip, member)
    redis.call('ZREM', prefix .. 'checks:' .. old.signaling_instance, member)
end
"""
_PUT: Final = (
    _FORGET
    + """
local prefix, member, value, expires = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local new = cjson.decode(value)
local checks = prefix .. 'checks:' .. new.signaling_instance
local turn = redis.call('ZSCORE', checks, member)
local old = redis.call('GET', KEYS[1])
if old then forget(prefix, member, old) end
redis.call('SET', KEYS[1], value)
redis.call('SADD', prefix .. 'ip:' .. new.received_ip, member)
redis.call('ZADD', checks, turn or -1, member)
redis.call('ZADD', KEYS[2], 0, member)
redis.call('ZADD', KEYS[3], expires, member)
return 1
"""
)
_REMOVE: Final = (
    _FORGET
    + """
local prefix, member, by = ARGV[1], ARGV[2], ARGV[3]
local expires = redis.call('ZSCORE', KEYS[3], member)
if by ~= '' and expires and tonumber(expires) > tonumber(by) then return false end
local old = redis.call('GET', KEYS[1])
redis.call('ZREM', KEYS[2], member)
redis.call('ZREM', KEYS[3], member)
if not old then return false end
forget(prefix, member, old)
redis.call('DEL', KEYS[1])
return old
"""
)
_DUE: Final = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], 0, ARGV[1], 'LIMIT', 0, ARGV[3])
for _, member in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[2], member) end
return due
"""


class RedisBindings:
    """Bindings by endpoint, with sorted sets of their order, their expiry and their checks."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._own = MemoryBindings(NoJournal())
        self._untold: dict[EndpointId, Binding | None] = {}
        self._put = store.script(_PUT)
        self._remove = store.script(_REMOVE)
        self._due = store.script(_DUE)

    async def get(self, endpoint: EndpointId, now: datetime) -> Binding | None:
        async def work(client: Any) -> Binding | None:
            await self._tell()
            found = await self._read(client, [str(endpoint)], now)
            return found[0] if found else None

        return await self._store.run(work, lambda: self._own.get(endpoint, now))

    async def put(self, binding: Binding) -> None:
        await self._own.put(binding)
        self._untold[binding.endpoint] = binding
        await self._store.run(lambda client: self._tell(), _nothing)

    async def remove(self, endpoint: EndpointId) -> Binding | None:
        own = await self._own.remove(endpoint)

        async def work(client: Any) -> Binding | None:
            await self._tell()
            return await self._take(str(endpoint), by="")

        async def otherwise() -> Binding | None:
            self._untold[endpoint] = None
            return own

        return await self._store.run(work, otherwise)

    async def at(self, ip: IPAddress, now: datetime) -> Sequence[Binding]:
        async def work(client: Any) -> Sequence[Binding]:
            members = await client.smembers(f"{PREFIX}ip:{ip}")
            return await self._read(client, sorted(members), now) if members else []

        return await self._store.run(work, lambda: self._own.at(ip, now))

    async def page(self, after: EndpointId | None, limit: int, now: datetime) -> Sequence[Binding]:
        async def work(client: Any) -> Sequence[Binding]:
            start = "-" if after is None else f"({after}"
            found: list[Binding] = []
            while len(found) < limit:
                members = await client.zrangebylex(PREFIX + _ORDER, start, "+", 0, limit)
                if not members:
                    break
                found += await self._read(client, members, now)
                start = f"({members[-1]}"
            return found[:limit]

        return await self._store.run(work, lambda: self._own.page(after, limit, now))

    async def due(
        self, signaling_instance: str, interval: timedelta, limit: int, now: datetime
    ) -> Sequence[Binding]:
        async def work(client: Any) -> Sequence[Binding]:
            key = f"checks:{signaling_instance}"
            for member in await client.zrangebyscore(PREFIX + key, _NEW, _NEW):
                turn = first_check(_endpoint(member), interval, now)
                await client.zadd(PREFIX + key, {member: milliseconds(turn)}, xx=True)
            members = await self._due([key], milliseconds(now), milliseconds(now + interval), limit)
            return await self._read(client, members, now) if members else []

        return await self._store.run(
            work, lambda: self._own.due(signaling_instance, interval, limit, now)
        )

    async def expire(self, now: datetime) -> Sequence[Binding]:
        own = await self._own.expire(now)

        async def work(client: Any) -> Sequence[Binding]:
            by = milliseconds(now)
            members = await client.zrangebyscore(PREFIX + _EXPIRIES, "-inf", by)
            taken = [await self._take(member, by=str(by)) for member in members]
            return [binding for binding in taken if binding is not None]

        async def otherwise() -> Sequence[Binding]:
            return own

        return await self._store.run(work, otherwise)

    async def count(self) -> int:
        async def work(client: Any) -> int:
            return int(await client.zcard(PREFIX + _ORDER))

        return await self._store.run(work, self._own.count)

    async def _tell(self) -> None:
        """Write what is not written yet; what fails stays for the next time."""
        for endpoint, binding in list(self._untold.items()):
            if binding is None:
                await self._take(str(endpoint), by="")
            else:
                expires = milliseconds(binding.expires)
                member = str(endpoint)
                await self._put(_keys(member), PREFIX, member, _value(binding), expires)
            if self._untold.get(endpoint) is binding:
                del self._untold[endpoint]

    async def _take(self, member: str, by: str) -> Binding | None:
        value = await self._remove(_keys(member), PREFIX, member, by)
        return _binding(member, value) if value else None

    async def _read(self, client: Any, members: Sequence[str], now: datetime) -> list[Binding]:
        values = await client.mget([f"{PREFIX}binding:{member}" for member in members])
        found = [
            _binding(member, value) for member, value in zip(members, values, strict=True) if value
        ]
        live = [binding for binding in found if binding.expires > now]
        for binding in live:
            await self._own.put(binding)
        return live


async def _nothing() -> None:
    return


def _keys(member: str) -> list[str]:
    return [f"binding:{member}", _ORDER, _EXPIRIES]


def _endpoint(member: str) -> EndpointId:
    kind, _, name = member.partition("/")
    return EndpointId(EndpointKind(kind), name)


def _value(binding: Binding) -> str:
    local = binding.local
    return json.dumps(
        {
            "contact": binding.contact,
            "received_ip": str(binding.received.ip),
            "received_port": binding.received.port,
            "transport": binding.transport,
            "local": [str(local.ip), local.port] if local else None,
            "registered": milliseconds(binding.registered),
            "updated": milliseconds(binding.updated),
            "expires": milliseconds(binding.expires),
            "call_id": binding.call_id,
            "cseq": binding.cseq,
            "user_agent": binding.user_agent,
            "instance_id": binding.instance_id,
            "signaling_instance": binding.signaling_instance,
            "behind_nat": binding.behind_nat,
            "reachable": binding.reachable,
            "misses": binding.misses,
        }
    )


def _binding(member: str, value: str) -> Binding:
    fields = json.loads(value)
    local = fields["local"]
    return Binding(
        endpoint=_endpoint(member),
        contact=fields["contact"],
        received=SocketAddress(parse_ip(fields["received_ip"]), fields["received_port"]),
        transport=Transport(fields["transport"]),
        registered=moment(fields["registered"]),
        updated=moment(fields["updated"]),
        expires=moment(fields["expires"]),
        call_id=fields["call_id"],
        cseq=fields["cseq"],
        local=SocketAddress(parse_ip(local[0]), local[1]) if local else None,
        user_agent=fields["user_agent"],
        instance_id=fields["instance_id"],
        signaling_instance=fields["signaling_instance"],
        behind_nat=fields["behind_nat"],
        reachable=fields["reachable"],
        misses=fields["misses"],
    )
