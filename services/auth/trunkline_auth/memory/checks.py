"""When each terminal is to be checked, by the signaling instance that holds its flow (AUT-08)."""

from datetime import datetime, timedelta
from heapq import heappop, heappush

from ..identity import EndpointId
from ..registrations import Binding, first_check


class CheckSchedule:
    """A heap of due times for each instance; entries that were overtaken are skipped."""

    def __init__(self) -> None:
        self._new: dict[str, list[EndpointId]] = {}
        self._heaps: dict[str, list[tuple[datetime, EndpointId]]] = {}
        self._next: dict[EndpointId, tuple[str, datetime | None]] = {}

    def add(self, binding: Binding) -> None:
        """Check a binding from now on; one that is checked already keeps its turn."""
        instance, endpoint = binding.signaling_instance, binding.endpoint
        present = self._next.get(endpoint)
        if present is None or present[0] != instance:
            self._next[endpoint] = (instance, None)
            self._new.setdefault(instance, []).append(endpoint)

    def discard(self, endpoint: EndpointId) -> None:
        """Check a terminal no more."""
        self._next.pop(endpoint, None)

    def due(
        self, instance: str, interval: timedelta, limit: int, now: datetime
    ) -> list[EndpointId]:
        """Return who is due now, at most `limit`, and give each its next turn."""
        for endpoint in self._new.pop(instance, ()):
            if self._next.get(endpoint) == (instance, None):
                self._schedule(instance, endpoint, first_check(endpoint, interval, now))
        heap = self._heaps.get(instance, [])
        found: list[EndpointId] = []
        while heap and heap[0][0] <= now and len(found) < limit:
            due, endpoint = heappop(heap)
            if self._next.get(endpoint) == (instance, due):
                self._schedule(instance, endpoint, now + interval)
                found.append(endpoint)
        return found

    def _schedule(self, instance: str, endpoint: EndpointId, due: datetime) -> None:
        self._next[endpoint] = (instance, due)
        heappush(self._heaps.setdefault(instance, []), (due, endpoint))
