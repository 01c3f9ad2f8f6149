"""Seats in this process's memory: for one routing instance, and for tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..model.callers import Claim
from .seats import LEASE, Holder, Note, Refused, Taken, refusal


@dataclass(slots=True)
class _Instance:
    heard: float
    epoch: str | None = None
    calls: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Call:
    instance: str
    epoch: str | None
    slots: dict[int, tuple[str, ...]] = field(default_factory=dict)
    note: Note | None = None


class MemorySeats:
    """Counts by key, and who holds what."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._starts: dict[str, deque[float]] = {}
        self._calls: dict[str, _Call] = {}
        self._instances: dict[str, _Instance] = {}

    def calls(self, key: str) -> int:
        """Return the seats taken under `key`."""
        return self._counts.get(key, 0)

    async def take(
        self, wanted: Sequence[Taken], now: float, note: Note | None = None
    ) -> Refused | None:
        """Take a seat of every claim of these slots of a call, or of none; say what refused."""
        new = [each for each in wanted if not self._has(each.holder)]
        more: defaultdict[str, int] = defaultdict(int)
        for holder, claims in new:
            for claim in claims:
                calls = self.calls(claim.key) + more[claim.key]
                if refusal(claim, calls) or self._too_fast(claim, now):
                    return Refused(holder.slot, claim, calls)
                more[claim.key] += 1
        for holder, claims in new:
            for claim in claims:
                if claim.per_second is not None:
                    self._starts[claim.key].append(now)
            self._hold(holder, claims, now)
        if note is not None:
            self._calls[wanted[0].holder.call_id].note = note
        return None

    async def note(self, call_id: str) -> str:
        """Return the note of a call; empty without one."""
        call = self._calls.get(call_id)
        return "" if call is None or call.note is None else call.note()

    async def give_back(self, call_id: str, slot: int) -> None:
        """Free the seats of one slot."""
        call = self._calls.get(call_id)
        if call is None:
            return
        self._free(call.slots.pop(slot, ()))
        if not call.slots:
            self._forget(call_id, call)

    async def release(self, call_id: str) -> None:
        """Free every seat of a call."""
        call = self._calls.get(call_id)
        if call is None:
            return
        for keys in call.slots.values():
            self._free(keys)
        self._forget(call_id, call)

    async def renew(self, instance: str, epoch: str, now: float) -> bool:
        """Keep an instance's seats; free those of its former life."""
        known = self._hear(instance, now)
        stale = known.epoch is not None and known.epoch != epoch
        if stale:
            for call_id in [each for each in known.calls if self._calls[each].epoch != epoch]:
                await self.release(call_id)
        return known.epoch == epoch

    async def announce(self, instance: str, epoch: str, taken: Iterable[Taken], now: float) -> None:
        """Take the seats of live calls whatever the limits say."""
        self._hear(instance, now).epoch = epoch
        for each in taken:
            self.keep(each, now)
        for call_id in self._instances[instance].calls:
            self._calls[call_id].epoch = epoch

    async def expire(self, now: float) -> list[str]:
        """Free the seats of instances not heard of."""
        silent = [
            name for name, instance in self._instances.items() if now - instance.heard > LEASE
        ]
        lost = [call_id for name in silent for call_id in self._instances.pop(name).calls]
        for call_id in lost:
            await self.release(call_id)
        return lost

    def keep(self, taken: Taken, now: float) -> None:
        """Hold seats whatever the limits say. A slot that has its seats keeps them."""
        if not self._has(taken.holder):
            self._hold(taken.holder, taken.claims, now)

    def _has(self, holder: Holder) -> bool:
        call = self._calls.get(holder.call_id)
        return call is not None and holder.slot in call.slots

    def _hold(self, holder: Holder, claims: Sequence[Claim], now: float) -> None:
        instance = self._instances.get(holder.instance) or self._hear(holder.instance, now)
        instance.calls.add(holder.call_id)
        call = self._calls.setdefault(holder.call_id, _Call(holder.instance, instance.epoch))
        call.slots[holder.slot] = tuple(claim.key for claim in claims)
        for claim in claims:
            self._counts[claim.key] += 1

    def _free(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._counts[key] -= 1
            if not self._counts[key]:
                del self._counts[key]

    def _forget(self, call_id: str, call: _Call) -> None:
        del self._calls[call_id]
        if instance := self._instances.get(call.instance):
            instance.calls.discard(call_id)

    def _hear(self, instance: str, now: float) -> _Instance:
        known = self._instances.setdefault(instance, _Instance(now))
        known.heard = now
        return known

    def _too_fast(self, claim: Claim, now: float) -> bool:
        """Say whether the last second began as many calls as it may."""
        if claim.per_second is None:
            return False
        starts = self._starts.setdefault(claim.key, deque())
        while starts and now - starts[0] >= 1.0:
            starts.popleft()
        return len(starts) >= claim.per_second
