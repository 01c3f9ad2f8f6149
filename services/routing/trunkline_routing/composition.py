"""Routing's objects, wired: what the process, the simulation and contract tests have in common."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from trunkline_kernel.documents import Check, Event, Kind
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.paced import paced
from trunkline_kernel.parameters import Parameters as Values

from .calls.assertions import RouteAssertions
from .calls.outcomes import Outcomes
from .calls.router import Router
from .declarations import read_parameters
from .documents.kinds import CHECKS, KINDS, kinds_sealed_by
from .documents.vault import GatewayVault
from .lrn.http import HttpLrnServer
from .lrn.portability import LrnServer, Portability
from .model.builder import SnapshotBuilder
from .observation import Observation
from .publication import Publication
from .rates.book import RateBook
from .rates.replicated import ReplicatedRates
from .rpc.servicer import SEED_BITS, RoutingServicer
from .state import RoutingState, state_in_memory
from .view import View

TICK: Final = 1.0
"""Seconds between two looks at leases that have run out and at the gauges."""


class Routing:
    """The service without its process: no port, no signal, no clock but the one it is given."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        metrics: Metrics,
        zone: tzinfo,
        values: Values,
        lrn_server: LrnServer | None = None,
        state: RoutingState | None = None,
        vault: GatewayVault | None = None,
    ) -> None:
        """Without `state` this replica is alone; without `lrn_server` it asks over HTTP; without
        `vault` passwords are stored as they are written."""
        state = state or state_in_memory()
        self._clock = clock
        self._values = values
        self._state = state
        self._builder = SnapshotBuilder(vault)
        self.view = View(state.seats, state.health, state.quality, zone=zone)
        portability = Portability(self.view, lrn_server or HttpLrnServer(), clock)
        self.router = Router(
            self.view,
            portability=portability,
            rotation=state.rotation,
            outcomes=Outcomes(state.health, state.quality, self.view),
            seeds=lambda: rng.getrandbits(SEED_BITS),
        )
        self.publication = Publication()
        self.kinds: list[Kind[Any]] = kinds_sealed_by(vault) if vault else list(KINDS)
        self.checks: tuple[Check, ...] = (*CHECKS, RouteAssertions(self.view, portability, clock))
        self.rates = ReplicatedRates(self._take_rates, clock)
        self._observation = Observation(metrics)
        self.servicer = RoutingServicer(self.router, state.health.report, self._observation, clock)
        values.subscribe(lambda changes: self.read_parameters())
        self.read_parameters()

    async def take_documents(self, events: Sequence[Event]) -> None:
        """Take documents as they are now; decisions see all of them or none."""
        async for event in paced(events):
            self._builder.take(event.kind, event.name, event.spec)
        self.view.snapshot = self._builder.snapshot()
        self.publication.publish(self.view.snapshot)

    def read_parameters(self) -> None:
        """Take the parameters as they are now; calls under way keep theirs."""
        parameters = read_parameters(self._values)
        self._state.quality.resize(parameters.ratio_window, parameters.ratio_segments)
        self.view.parameters = parameters

    async def keep_house(self) -> None:
        """Free leases that have run out, hear of other replicas, refresh the gauges.

        Never returns.
        """
        while True:
            await asyncio.sleep(TICK)
            await self._state.exchange(self._clock())
            await self.router.expire(self._clock())
            self._observation.look(self.view, self.rates.size)

    def _take_rates(self, book: RateBook) -> None:
        self.view.rates = book
