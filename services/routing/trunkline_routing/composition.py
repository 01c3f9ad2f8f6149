"""Routing's objects, wired: what the process, the simulation and contract tests have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Final

from trunkline_kernel.documents import Check, Event
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.parameters import Parameters as Values
from trunkline_kernel.replication import MemorySource

from .calls.assertions import RouteAssertions
from .calls.course import NoCourses
from .calls.health import MemoryHealth
from .calls.outcomes import Outcomes
from .calls.router import Router
from .capacity.memory import MemorySeats
from .capacity.rotation import MemoryRotation
from .declarations import read_parameters
from .documents.kinds import CHECKS
from .lrn.portability import LrnServer, Portability
from .model.builder import SnapshotBuilder
from .observation import Observation
from .publication import publish_gateways
from .quality.windows import MemoryQuality
from .rates.book import RateBook
from .rates.replicated import ReplicatedRates
from .rpc.servicer import RoutingServicer
from .view import View

TICK: Final = 1.0
"""Seconds between two looks at leases that have run out and at the gauges."""


class Routing:
    """The service without its process: no port, no signal, no clock but the one it is given."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        seeds: Callable[[], int],
        metrics: Metrics,
        zone: tzinfo,
        values: Values,
        lrn_server: LrnServer,
    ) -> None:
        self._clock = clock
        self._values = values
        self._builder = SnapshotBuilder()
        self._quality = MemoryQuality()
        health = MemoryHealth()
        self.view = View(MemorySeats(), health, self._quality, zone=zone)
        portability = Portability(self.view, lrn_server, clock)
        self.router = Router(
            self.view,
            portability=portability,
            rotation=MemoryRotation(),
            outcomes=Outcomes(health, self._quality, self.view),
            courses=NoCourses(),
            seeds=seeds,
        )
        self.gateways = MemorySource()
        self.checks: tuple[Check, ...] = (*CHECKS, RouteAssertions(self.view, portability, clock))
        self.rates = ReplicatedRates(self._take_rates, clock)
        self._observation = Observation(metrics)
        self.servicer = RoutingServicer(self.router, self._observation, clock)
        values.subscribe(lambda changes: self.read_parameters())
        self.read_parameters()

    def take_documents(self, events: Sequence[Event]) -> None:
        """Take documents as they are now; decisions see all of them or none."""
        for event in events:
            self._builder.take(event.kind, event.name, event.spec)
        self.view.snapshot = self._builder.snapshot()
        publish_gateways(self.gateways, self.view.snapshot)

    def read_parameters(self) -> None:
        """Take the parameters as they are now; calls under way keep theirs."""
        parameters = read_parameters(self._values)
        self._quality.resize(parameters.ratio_window, parameters.ratio_segments)
        self.view.parameters = parameters

    async def keep_house(self) -> None:
        """Free leases that have run out and refresh the gauges. Never returns."""
        while True:
            await asyncio.sleep(TICK)
            await self.router.expire(self._clock())
            self._observation.look(self.view, self.rates.size)

    def _take_rates(self, book: RateBook) -> None:
        self.view.rates = book
