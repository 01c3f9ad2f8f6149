"""Seats of the whole cluster in Redis.

While Redis is away seats are counted from what was seen last: those taken here come on top, those
freed here go off; both are told when it is back. If it comes back empty, signaling is asked to
announce its seats, as after a restart.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from ..capacity.memory import MemorySeats
from ..capacity.seats import LEASE, Note, Refused, Taken
from ..model.callers import Claim
from . import scripts
from .connection import PREFIX, SharedStore

T = TypeVar("T")

Slot = tuple[str, int]
"""Call id and slot."""

MAX_REMEMBERED: Final = 200_000
"""Calls whose keys are remembered, to take them off the counts while Redis is away."""

_ALL: Final = ""
_UNLIMITED: Final = -1


class RedisSeats:
    """Takes seats atomically for every replica; `calls` answers from the last look."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._seen: dict[str, int] = {}
        self._keys: OrderedDict[str, dict[int, list[str]]] = OrderedDict()
        """What each slot of a call holds."""
        self._own = MemorySeats()
        """Seats taken while Redis is away."""
        self._untold: dict[Slot, tuple[Taken, float]] = {}
        """Seats to be told, with the time they were taken."""
        self._unfreed: dict[tuple[str, str], None] = {}
        self._telling = asyncio.Lock()
        self._take = store.script(scripts.TAKE)
        self._free = store.script(scripts.FREE)
        self._renew = store.script(scripts.RENEW)
        self._adopt = store.script(scripts.ADOPT)
        self._expire = store.script(scripts.EXPIRE)

    def calls(self, key: str) -> int:
        """Return the seats taken under `key` when we last looked, and those taken here since."""
        return self._seen.get(key, 0) + self._own.calls(key)

    async def take(
        self, wanted: Sequence[Taken], now: float, note: Note | None = None
    ) -> Refused | None:
        """Take a seat of every claim of these slots of a call, or of none; say what refused."""

        async def shared() -> Refused | None:
            slot, place, calls, *changed = await self._take(
                *_arguments(wanted, now, "" if note is None else note())
            )
            self._see(changed)
            if slot < 0:
                self._remember(wanted)
                return None
            return Refused(slot, _claims_of(wanted, slot)[place], calls)

        async def own() -> Refused | None:
            left = [self._what_is_left(each) for each in wanted]
            refused = await self._own.take(left, now, note)
            if refused is None:
                for each in wanted:
                    self._untold[each.holder.call_id, each.holder.slot] = (each, now)
                return None
            slot, (key, *_), calls = refused
            claim = next(each for each in _claims_of(wanted, slot) if each.key == key)
            return Refused(slot, claim, calls + self._seen.get(key, 0))

        return await self._run(shared, own)

    async def note(self, call_id: str) -> str:
        """Return the note of a call; while Redis is away, of those that began since."""

        async def shared(client: Any) -> str:
            return await client.hget(f"{PREFIX}call:{call_id}", "_course") or ""

        async def own() -> str:
            return await self._own.note(call_id)

        return await self._store.run(shared, own)

    async def give_back(self, call_id: str, slot: int) -> None:
        """Free the seats of one slot."""
        self._untold.pop((call_id, slot), None)
        keys = self._keys.get(call_id, {}).pop(slot, [])
        await self._free_shared(call_id, str(slot), keys)
        await self._own.give_back(call_id, slot)

    async def release(self, call_id: str) -> None:
        """Free every seat of a call."""
        for each in [each for each in self._untold if each[0] == call_id]:
            del self._untold[each]
        held = self._keys.pop(call_id, {})
        await self._free_shared(call_id, _ALL, [key for keys in held.values() for key in keys])
        await self._own.release(call_id)

    async def renew(self, instance: str, epoch: str, now: float) -> bool:
        """Keep an instance's seats; free those of its former life."""

        async def shared() -> bool:
            known, *changed = await self._renew(instance, epoch, now)
            self._see(changed)
            return bool(known)

        return await self._run(shared, _known)

    async def announce(self, instance: str, epoch: str, taken: Iterable[Taken], now: float) -> None:
        """Take the seats of live calls whatever the limits say."""
        for each in taken:
            self._untold[each.holder.call_id, each.holder.slot] = (each, now)

        async def shared() -> None:
            await self._adopt(instance, epoch, now)

        await self._run(shared, _nothing)
        await self._look()

    async def expire(self, now: float) -> list[str]:
        """Free the seats of instances not heard of, and look at the counts anew."""

        async def shared() -> list[str]:
            lost: list[str] = await self._expire(now - LEASE)
            return lost

        lost = await self._run(shared, _none_lost)
        await self._look()
        return lost

    async def _free_shared(self, call_id: str, slot: str, keys: list[str]) -> None:
        async def shared() -> None:
            self._see(await self._free(call_id, slot))

        async def own() -> None:
            self._unfreed[call_id, slot] = None
            for key in keys:
                self._seen[key] = max(self._seen.get(key, 0) - 1, 0)

        await self._run(shared, own)

    async def _run(self, shared: Callable[[], Awaitable[T]], own: Callable[[], Awaitable[T]]) -> T:
        """Do the shared work, behind what is still to be told; or our own."""

        async def told_first(client: Any) -> T:
            if self._unfreed or self._untold:
                async with self._telling:
                    await self._tell()
            return await shared()

        return await self._store.run(told_first, own)

    async def _tell(self) -> None:
        """Tell what was freed and taken while Redis was away; what is told once is done with."""
        while self._unfreed:
            call_id, slot = next(iter(self._unfreed))
            await self._free(call_id, slot)
            self._unfreed.pop((call_id, slot), None)
        while self._untold:
            slot_of_call, (each, taken) = next(iter(self._untold.items()))
            note = await self._own.note(each.holder.call_id)
            await self._take(*_arguments([each], taken, note, force=True))
            if self._untold.pop(slot_of_call, None) is not None:
                self._remember([each])
                await self._own.give_back(*slot_of_call)

    async def _look(self) -> None:
        """Take over the counts of the whole cluster."""

        async def look(client: Any) -> None:
            counts = await client.hgetall(f"{PREFIX}counts")
            self._seen = {key: int(count) for key, count in counts.items()}

        await self._store.run(look, _nothing)

    def _see(self, changed: Sequence[Any]) -> None:
        """Take over counts that come as keys and numbers in turn."""
        self._seen.update(zip(changed[::2], changed[1::2], strict=True))

    def _remember(self, taken: Sequence[Taken]) -> None:
        for holder, claims in taken:
            keys = [claim.key for claim in claims]
            self._keys.setdefault(holder.call_id, {})[holder.slot] = keys
        if len(self._keys) > MAX_REMEMBERED:
            self._keys.popitem(last=False)

    def _what_is_left(self, wanted: Taken) -> Taken:
        """Return claims on what was free when we last looked."""
        return Taken(
            wanted.holder,
            tuple(
                claim
                if claim.limit is None
                else claim._replace(limit=max(claim.limit - self._seen.get(claim.key, 0), 0))
                for claim in wanted.claims
            ),
        )


def _claims_of(wanted: Sequence[Taken], slot: int) -> tuple[Claim, ...]:
    return next(each.claims for each in wanted if each.holder.slot == slot)


def _arguments(
    wanted: Sequence[Taken], now: float, note: str, *, force: bool = False
) -> tuple[str | int | float, ...]:
    slots = [
        {"slot": each.holder.slot, "claims": [_words(claim) for claim in each.claims]}
        for each in wanted
    ]
    call_id, _, instance = wanted[0].holder
    return call_id, instance, now, int(force), json.dumps(slots), note


def _words(claim: Claim) -> dict[str, str | int]:
    return {
        "key": claim.key,
        "limit": _UNLIMITED if claim.limit is None else claim.limit,
        "speed": _UNLIMITED if claim.per_second is None else claim.per_second,
        "free": claim.left_free,
    }


async def _known() -> bool:
    """Ask for no announcement that could not be taken."""
    return True


async def _none_lost() -> list[str]:
    return []


async def _nothing() -> None:
    return None
