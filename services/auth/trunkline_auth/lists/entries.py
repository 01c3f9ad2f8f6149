"""The dynamic black list: numbers that misbehaved, and for how long (AUT-13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

PLATFORM: Final = "platform"
"""Scope of entries and counts that hold everywhere; another scope is a gateway's, as `str(id)`."""


class Party(StrEnum):
    """Which side of a call a number stands on."""

    CALLER = "caller"
    CALLEE = "callee"


class ListedFor(StrEnum):
    """Why a number is on the list."""

    MALICIOUS_CALLEE = "malicious-callee"
    MALICIOUS_CALLER = "malicious-caller"
    NO_ANSWER = "no-answer"
    CONCURRENT = "concurrent"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, order=True)
class EntryKey:
    """One number on one side, in one scope."""

    party: Party
    number: str
    scope: str = PLATFORM


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed number."""

    key: EntryKey
    reason: ListedFor
    created: datetime
    expires: datetime
    span: timedelta = timedelta(0)
    """What a refused call sets the rest of its time to. Zero leaves it as it is: manual entries."""
    hits: int = 0
    """Calls it refused."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are wanted; empty fields want all."""

    number: str = ""
    reason: ListedFor | None = None

    def wants(self, entry: Entry) -> bool:
        return self.number in ("", entry.key.number) and self.reason in (None, entry.reason)


class BlackList(Protocol):
    """Where entries are kept: one place for the whole cluster (spec 0.6).

    Whatever has expired by `now` is never returned.
    """

    async def find(self, keys: Sequence[EntryKey], now: datetime) -> Entry | None:
        """Return the entry of the first of these keys that is listed, or None."""

    async def put(self, entry: Entry) -> None:
        """List a number, in place of what was listed under its key."""

    async def hit(self, entry: Entry, now: datetime) -> None:
        """Count a call that the entry refused and give it its span again."""

    async def remove(self, key: EntryKey) -> bool:
        """Take a number off; return whether it was listed."""

    async def entries(self, wanted: EntryFilter, now: datetime) -> Sequence[Entry]:
        """Return entries in the order of their keys."""


@dataclass(frozen=True, slots=True)
class WindowKey:
    """What is counted together."""

    reason: ListedFor
    number: str
    scope: str = PLATFORM


class Windows(Protocol):
    """Events in sliding windows: one count for the whole cluster."""

    async def add(
        self, key: WindowKey, event: str, interval: timedelta, limit: int, now: datetime
    ) -> bool:
        """Count `event` once, however often it is added; return whether that makes `limit`.

        Counted are the events less than `interval` old.
        """

    async def clear(self, key: WindowKey) -> None:
        """Forget the events of a window."""


class CallerSeats(Protocol):
    """Calls in progress by caller: one count for the whole cluster (AUT-12)."""

    async def take(
        self, scope: str, caller: str, call_id: str, limit: int, until: datetime, now: datetime
    ) -> bool:
        """Seat a call unless `limit` others sit; return whether it sits. Safe to repeat.

        A seat that is not freed is free again at `until`.
        """

    async def free(self, scope: str, caller: str, call_id: str) -> None:
        """Free the seat of a call, if it has one."""
