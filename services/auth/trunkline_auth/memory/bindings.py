"""Bindings in this process's memory: one replica, or a test.

Every change goes to a journal, which may write it down (`store`) or not.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Protocol

from ..identity import EndpointId, IPAddress
from ..registrations import Binding
from .checks import CheckSchedule


class Journal(Protocol):
    """Takes note of changes. Returns at once; writing may follow."""

    def put(self, binding: Binding) -> None: ...

    def remove(self, endpoint: EndpointId) -> None: ...


class NoJournal:
    """Writes nothing down."""

    def put(self, binding: Binding) -> None:
        return

    def remove(self, endpoint: EndpointId) -> None:
        return


class MemoryBindings:
    """Bindings by endpoint and by source address, and a heap of when they expire."""

    def __init__(self, journal: Journal, restored: Iterable[Binding] = ()) -> None:
        self._journal = journal
        self._bindings: dict[EndpointId, Binding] = {}
        self._by_ip: dict[IPAddress, set[EndpointId]] = {}
        self._order: list[EndpointId] = []
        self._expiries: list[tuple[datetime, EndpointId]] = []
        self._due: dict[EndpointId, datetime] = {}
        self._checks = CheckSchedule()
        for binding in restored:
            self._insert(binding)

    async def get(self, endpoint: EndpointId, now: datetime) -> Binding | None:
        binding = self._bindings.get(endpoint)
        return binding if binding is not None and binding.expires > now else None

    async def put(self, binding: Binding) -> None:
        self._insert(binding)
        self._journal.put(binding)

    async def remove(self, endpoint: EndpointId) -> Binding | None:
        binding = self._bindings.pop(endpoint, None)
        if binding is None:
            return None
        self._order.pop(bisect_right(self._order, endpoint) - 1)
        self._due.pop(endpoint, None)
        self._leave(binding)
        self._checks.discard(endpoint)
        self._journal.remove(endpoint)
        return binding

    async def at(self, ip: IPAddress, now: datetime) -> Sequence[Binding]:
        endpoints = self._by_ip.get(ip)
        if not endpoints:
            return ()
        found = (self._bindings[endpoint] for endpoint in sorted(endpoints))
        return [binding for binding in found if binding.expires > now]

    async def page(self, after: EndpointId | None, limit: int, now: datetime) -> Sequence[Binding]:
        start = 0 if after is None else bisect_right(self._order, after)
        found: list[Binding] = []
        while start < len(self._order) and len(found) < limit:
            binding = self._bindings[self._order[start]]
            if binding.expires > now:
                found.append(binding)
            start += 1
        return found

    async def due(
        self, signaling_instance: str, interval: timedelta, limit: int, now: datetime
    ) -> Sequence[Binding]:
        endpoints = self._checks.due(signaling_instance, interval, limit, now)
        found = (self._bindings.get(endpoint) for endpoint in endpoints)
        return [each for each in found if each is not None and each.expires > now]

    async def expire(self, now: datetime) -> Sequence[Binding]:
        gone: list[Binding] = []
        while self._expiries and self._expiries[0][0] <= now:
            due, endpoint = heappop(self._expiries)
            binding = self._bindings.get(endpoint)
            if self._due.get(endpoint) != due or binding is None:
                continue
            del self._due[endpoint]
            if binding.expires > now:
                self._schedule(binding)
            else:
                await self.remove(endpoint)
                gone.append(binding)
        return gone

    async def count(self) -> int:
        return len(self._bindings)

    def _insert(self, binding: Binding) -> None:
        endpoint = binding.endpoint
        old = self._bindings.get(endpoint)
        if old is None:
            insort(self._order, endpoint)
        elif old.received.ip != binding.received.ip:
            self._leave(old)
        self._checks.add(binding)
        self._bindings[endpoint] = binding
        self._by_ip.setdefault(binding.received.ip, set()).add(endpoint)
        self._schedule(binding)

    def _schedule(self, binding: Binding) -> None:
        """Look at the binding when it expires; a refresh only moves that on, and costs nothing."""
        due = self._due.get(binding.endpoint)
        if due is None or binding.expires < due:
            self._due[binding.endpoint] = binding.expires
            heappush(self._expiries, (binding.expires, binding.endpoint))

    def _leave(self, binding: Binding) -> None:
        neighbours = self._by_ip[binding.received.ip]
        neighbours.discard(binding.endpoint)
        if not neighbours:
            del self._by_ip[binding.received.ip]
