"""The dynamic black list and its counts in this process's memory: one replica, or a test."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..lists import Entry, EntryFilter, EntryKey, WindowKey

MAX_WINDOWS: Final = 200_000
"""Numbers watched at once; beyond it the one that was called longest ago is forgotten."""


class MemoryBlackList:
    """Entries by key."""

    def __init__(self) -> None:
        self._entries: dict[EntryKey, Entry] = {}

    async def find(self, keys: Sequence[EntryKey], now: datetime) -> Entry | None:
        for key in keys:
            entry = self._entries.get(key)
            if entry is None:
                continue
            if entry.expires > now:
                return entry
            del self._entries[key]
        return None

    async def put(self, entry: Entry) -> None:
        self._entries[entry.key] = entry

    async def hit(self, entry: Entry, now: datetime) -> None:
        expires = now + entry.span if entry.span else entry.expires
        if entry.key in self._entries:
            self._entries[entry.key] = replace(entry, expires=expires, hits=entry.hits + 1)

    async def remove(self, key: EntryKey) -> bool:
        return self._entries.pop(key, None) is not None

    async def entries(self, wanted: EntryFilter, now: datetime) -> Sequence[Entry]:
        gone = [key for key, entry in self._entries.items() if entry.expires <= now]
        for key in gone:
            del self._entries[key]
        return sorted(
            (entry for entry in self._entries.values() if wanted.wants(entry)),
            key=lambda each: each.key,
        )


class MemoryWindows:
    """The last events of each number, the one called longest ago first."""

    def __init__(self) -> None:
        self._windows: OrderedDict[WindowKey, deque[tuple[datetime, str]]] = OrderedDict()

    async def add(
        self, key: WindowKey, event: str, interval: timedelta, limit: int, now: datetime
    ) -> bool:
        events = self._windows.setdefault(key, deque())
        self._windows.move_to_end(key)
        if len(self._windows) > MAX_WINDOWS:
            self._windows.popitem(last=False)
        while events and events[0][0] <= now - interval:
            events.popleft()
        if all(event != other for _, other in events):
            events.append((now, event))
            while len(events) > limit:
                events.popleft()
        return len(events) >= limit

    async def clear(self, key: WindowKey) -> None:
        self._windows.pop(key, None)


class MemoryCallerSeats:
    """Calls in progress by scope and caller, with the time each seat lapses."""

    def __init__(self) -> None:
        self._seats: dict[tuple[str, str], dict[str, datetime]] = {}

    async def take(
        self, scope: str, caller: str, call_id: str, limit: int, until: datetime, now: datetime
    ) -> bool:
        seats = self._seats.setdefault((scope, caller), {})
        if call_id not in seats:
            self._forget_lapsed(seats, now)
            if len(seats) >= limit:
                return False
        seats[call_id] = until
        return True

    async def free(self, scope: str, caller: str, call_id: str) -> None:
        seats = self._seats.get((scope, caller))
        if seats is not None:
            seats.pop(call_id, None)
            if not seats:
                del self._seats[scope, caller]

    def _forget_lapsed(self, seats: dict[str, datetime], now: datetime) -> None:
        for call_id in [each for each, until in seats.items() if until <= now]:
            del seats[call_id]
