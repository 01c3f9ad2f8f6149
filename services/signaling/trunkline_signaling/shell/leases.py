"""Keeps this instance's seats at routing alive, and makes up for what routing has missed."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from ..calls.services import RoutingService, ServiceError
from .switch import Switch

log = structlog.stdlib.get_logger(__name__)

INTERVAL: Final = 10.0
"""Seconds between two renewals; seats of an instance that isn't heard of for 30 s are free."""


class SeatLeases:
    """Renews, announces and releases seats."""

    def __init__(self, routing: RoutingService, switch: Switch, instance: str, epoch: str) -> None:
        """`epoch` changes with every start, so that seats of a former life are free at once."""
        self._routing = routing
        self._switch = switch
        self._instance = instance
        self._epoch = epoch

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            try:
                await self.renew()
            except ServiceError as error:
                log.warning("seats are not renewed", error=error.explanation)
            await asyncio.sleep(INTERVAL)

    async def renew(self) -> None:
        """Renew once. Raises `ServiceError`."""
        if not await self._routing.renew_leases(self._instance, self._epoch):
            seats = self._switch.seats()
            await self._routing.announce_seats(self._instance, self._epoch, seats)
            log.info("seats announced", calls=len(seats))
        for call_id, release in list(self._switch.unreleased.items()):
            await self._routing.release(release)
            self._switch.unreleased.pop(call_id, None)
        await self._switch.report_ends()
