"""Keeps this instance's seats at routing alive, and makes up for what routing has missed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

import structlog

from ..calls.call import Call
from ..calls.services import RoutingService, Seat, ServiceError
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
            seats = list(seats_of(self._switch.calls.values()))
            await self._routing.announce_seats(self._instance, self._epoch, seats)
            log.info("seats announced", calls=len(seats))
        for call_id, release in list(self._switch.questions.unreleased.items()):
            await self._routing.release(release)
            self._switch.questions.unreleased.pop(call_id, None)
        await self._switch.questions.report_ends()


def seats_of(calls: Iterable[Call]) -> Iterator[Seat]:
    """Return who holds seats now, for a routing that has forgotten them."""
    for call in calls:
        if call.endpoint is not None and call.plan is not None:
            attempt = call.attempt
            rings = attempt is not None and attempt.candidate.forward is None
            callee = attempt.candidate.endpoint if attempt is not None and rings else None
            yield Seat(call.id, call.endpoint if call.passed_on is None else None, callee)
