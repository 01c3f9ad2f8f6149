"""Retry-Afters and reports of every replica, at most a second late (SIG-16, SIG-26)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any

from ..calls.health import REPORTED, GatewayReport, MemoryHealth
from .connection import PREFIX, SharedStore


class SharedHealth(MemoryHealth):
    """Retry-Afters of every replica, at most a second late."""

    def __init__(self, store: SharedStore) -> None:
        super().__init__()
        self._store = store
        self._untold: dict[str, datetime] = {}
        self._unreported: set[str] = set()

    def report(self, instance: str, reports: Iterable[GatewayReport], now: datetime) -> None:
        """Take all that an instance knows, here at once."""
        super().report(instance, reports, now)
        self._unreported.add(instance)

    def disable(self, gateway: str, retry_after: timedelta, now: datetime) -> None:
        """Leave the gateway out, here at once."""
        super().disable(gateway, retry_after, now)
        if until := self.condition(gateway, now).disabled_until:
            self._untold[gateway] = until

    async def exchange(self, now: datetime) -> None:
        """Tell what happened here and hear what happened elsewhere."""

        async def exchange(client: Any) -> None:
            key = f"{PREFIX}disabled"
            if self._untold:
                told = {name: until.timestamp() for name, until in self._untold.items()}
                await client.hset(key, mapping=told)
                self._untold.clear()
            for name, stamp in (await client.hgetall(key)).items():
                until = datetime.fromtimestamp(float(stamp), UTC)
                if until > now:
                    self._disable_until(name, until)
                else:
                    await client.hdel(key, name)

            await self._exchange_reports(client, now)

        await self._store.run(exchange, _nothing)

    async def _exchange_reports(self, client: Any, now: datetime) -> None:
        key = f"{PREFIX}reports"
        if self._unreported:
            told = {each: _reports_to_json(*self._reports[each]) for each in self._unreported}
            await client.hset(key, mapping=told)
            self._unreported.clear()
        for instance, text in (await client.hgetall(key)).items():
            at, reports = _reports_from_json(text)
            if now - at >= REPORTED:
                await client.hdel(key, instance)
            elif instance not in self._reports or self._reports[instance][0] < at:
                self._reports[instance] = (at, reports)
        self._reports = {
            instance: known
            for instance, known in self._reports.items()
            if now - known[0] < REPORTED
        }
        self._sort_out()


def _reports_to_json(at: datetime, reports: tuple[GatewayReport, ...]) -> str:
    return json.dumps([at.isoformat(), [astuple(each) for each in reports]])


def _reports_from_json(text: str) -> tuple[datetime, tuple[GatewayReport, ...]]:
    at, reports = json.loads(text)
    return datetime.fromisoformat(at), tuple(GatewayReport(*each) for each in reports)


async def _nothing() -> None:
    return None
