"""Failures and suspensions in this process's memory: one replica, or a test."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..admission.failures import FailureKey, Suspension

MAX_KEYS: Final = 100_000  # beyond it the count that changed longest ago goes, whoever floods us


@dataclass(slots=True)
class _Record:
    failures: int
    forget_at: datetime
    is_suspended: bool = False


class MemoryFailures:
    """Counts by key, the one that changed longest ago first."""

    def __init__(self) -> None:
        self._records: OrderedDict[FailureKey, _Record] = OrderedDict()

    async def record(
        self, key: FailureKey, limit: int, span: timedelta, now: datetime
    ) -> Suspension | None:
        record = self._live(key, now) or _Record(0, now)
        if record.is_suspended:
            return None
        record.failures += 1
        record.forget_at = now + span
        record.is_suspended = record.failures >= limit
        self._keep(key, record, now)
        return Suspension(key, record.forget_at) if record.is_suspended else None

    async def suspend(self, key: FailureKey, span: timedelta, now: datetime) -> Suspension | None:
        if await self.suspension(key, now) is not None:
            return None
        self._keep(key, _Record(0, now + span, is_suspended=True), now)
        return Suspension(key, now + span)

    async def suspension(self, key: FailureKey, now: datetime) -> Suspension | None:
        record = self._live(key, now)
        return Suspension(key, record.forget_at) if record and record.is_suspended else None

    async def clear(self, key: FailureKey) -> None:
        self._records.pop(key, None)

    async def suspensions(self, now: datetime) -> Sequence[Suspension]:
        found = [
            Suspension(key, record.forget_at)
            for key, record in self._records.items()
            if record.is_suspended and record.forget_at > now
        ]
        return sorted(found, key=lambda each: each.until)

    async def lift(self, identity: str, ip: str, now: datetime) -> int:
        lifted = [
            each.key
            for each in await self.suspensions(now)
            if each.key.identity == identity and ip in ("", each.key.ip)
        ]
        for key in lifted:
            del self._records[key]
        return len(lifted)

    def _live(self, key: FailureKey, now: datetime) -> _Record | None:
        record = self._records.get(key)
        if record is not None and record.forget_at <= now:
            del self._records[key]
            return None
        return record

    def _keep(self, key: FailureKey, record: _Record, now: datetime) -> None:
        self._records[key] = record
        self._records.move_to_end(key)
        while len(self._records) > MAX_KEYS or self._oldest_is_forgotten(now):
            self._records.popitem(last=False)

    def _oldest_is_forgotten(self, now: datetime) -> bool:
        return next(iter(self._records.values())).forget_at <= now
