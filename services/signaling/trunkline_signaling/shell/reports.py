"""Tells routing what this instance knows about gateways: every few seconds, and when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import structlog

from ..calls.services import GatewayReport, RoutingService, ServiceError

log = structlog.stdlib.get_logger(__name__)

INTERVAL: Final = 5.0
"""Seconds between two reports; routing believes one for 30 s."""
GATHER: Final = 0.05
"""Seconds for which a change waits for others: many come at once when a network fails."""

Source = Callable[[], Iterable[GatewayReport]]


class GatewayReports:
    """Gathers what the sources know. `stir` it when something has changed."""

    def __init__(self, routing: RoutingService, instance: str) -> None:
        self._routing = routing
        self._instance = instance
        self._sources: list[Source] = []
        self._changed = asyncio.Event()

    def gather_from(self, *sources: Source) -> None:
        """Report what they know, too."""
        self._sources += sources

    def stir(self) -> None:
        """Report soon."""
        self._changed.set()

    async def run(self) -> None:
        """Report until cancelled."""
        while True:
            self._changed.clear()
            try:
                await self._routing.report_gateways(self._instance, self._gather())
            except ServiceError as error:
                log.warning("gateways are not reported", error=error.explanation)
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL):
                    await self._changed.wait()
                await asyncio.sleep(GATHER)

    def _gather(self) -> list[GatewayReport]:
        merged: dict[str, GatewayReport] = {}
        for report in (report for source in self._sources for report in source()):
            known = merged.get(report.name)
            merged[report.name] = _merge(known, report) if known is not None else report
        return list(merged.values())


def _merge(one: GatewayReport, other: GatewayReport) -> GatewayReport:
    """Join two reports of a gateway: it must be reachable in every way that is looked at."""
    ways = [each for each in (one.reachable, other.reachable) if each is not None]
    heard = one if one.publish_time is not None else other  # PUBLISH has one source only
    return GatewayReport(one.name, all(ways) if ways else None, heard.published, heard.publish_time)
