"""Probes routing gateways with OPTIONS, each of their addresses every period (SIG-16)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from ..calls.call_settings import OwnAddresses
from ..calls.parties import Target
from ..calls.services import GatewayReport
from ..registrar.gateways import Gateway, Reach
from ..registrar.probe import options, uri_of
from .inquiries import Inquiries
from .ports import ReachObserver, Resolver

SPREAD: Final = 5.0
"""Seconds over which first probes are spread, where the period is not shorter."""
WAY: Final = "probe"
"""What reachability is told by, in the log and in metrics."""


@dataclass(slots=True, eq=False)
class _Probed:
    gateway: Gateway
    reach: Reach
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Probes:
    """The gateways whose online check is on. `put` and `remove` follow the configuration."""

    def __init__(
        self,
        inquiries: Inquiries,
        resolver: Resolver,
        own: OwnAddresses,
        random: Random,
        observer: ReachObserver,
        period: Callable[[], int],
    ) -> None:
        """`period` gives SS_SIP_OPTIONS_CHECK_PERIOD in seconds; 0 is off."""
        self._inquiries = inquiries
        self._resolver = resolver
        self._own = own
        self._random = random
        self._observer = observer
        self._period = period
        self._gateways: dict[str, Gateway] = {}
        self._probed: dict[str, _Probed] = {}
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def put(self, gateway: Gateway) -> None:
        """Probe a gateway, if its document says so."""
        self._gateways[gateway.name] = gateway
        self._changed.set()

    def remove(self, name: str) -> None:
        """Probe it no more."""
        self._gateways.pop(name, None)
        self._changed.set()

    def restart(self) -> None:
        """Begin anew: the period is another one."""
        for name in list(self._probed):
            self._drop(name)
        self._changed.set()

    def reports(self) -> Iterator[GatewayReport]:
        """Yield what probes found."""
        for name, probed in self._probed.items():
            yield GatewayReport(name, probed.reach.reachable)

    def gateway(self, name: str) -> Gateway | None:
        """Return a routing gateway, probed or not."""
        return self._gateways.get(name)

    def aim(self, gateway: str, targets: tuple[Target, ...]) -> Target:
        """Return to which of a gateway's addresses a call goes: the first, unless it is silent."""
        probed = self._probed.get(gateway)
        if probed is not None and probed.reach.current in targets:
            return probed.reach.current
        return targets[0]

    async def run(self) -> None:
        """Probe until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                self._take_over(tasks)
                await self._changed.wait()

    def _take_over(self, tasks: asyncio.TaskGroup) -> None:
        period = self._period()
        wanted = {
            name: gateway
            for name, gateway in self._gateways.items()
            if gateway.options_check and gateway.targets and period
        }
        for name, probed in list(self._probed.items()):
            if wanted.get(name) != probed.gateway:
                self._drop(name)
        for name in wanted.keys() - self._probed.keys():
            probed = _Probed(wanted[name], Reach(wanted[name].targets))
            self._probed[name] = probed
            probed.tasks += [
                tasks.create_task(self._watch(probed, target, period))
                for target in probed.gateway.targets
            ]

    def _drop(self, name: str) -> None:
        for task in self._probed.pop(name).tasks:
            task.cancel()
        self._observer.gateway_forgotten(name, WAY)

    async def _watch(self, probed: _Probed, target: Target, period: int) -> None:
        due = self._loop.time() + self._random.uniform(0, min(period, SPREAD))
        while True:
            await asyncio.sleep(due - self._loop.time())
            answers, explanation = await self._probe(target)
            self._note(probed, target, answers, explanation)
            due = max(due + period, self._loop.time())

    async def _probe(self, target: Target) -> tuple[bool, str]:
        address = self._resolver.known(target) or await self._resolver.find(target)
        if address is None:
            return False, f"{target.host} has no address"
        own = self._own.seen_by(address[0], target.transport)
        request = options(uri_of(target), own, self._random)
        flow = self._inquiries.flow(target, address)
        answered = await self._inquiries.ask(request, flow) is not None
        if not answered:
            self._resolver.failed(target, address)
        return answered, f"{target.host} does not answer"

    def _note(self, probed: _Probed, target: Target, answers: bool, explanation: str) -> None:
        reach = probed.reach
        before = reach.reachable, reach.current
        reach.note(target, answers=answers)
        if reach.reachable is not None and (reach.reachable, reach.current) != before:
            if reach.reachable and answers:
                explanation = f"calls go to {reach.current.host}"
            self._observer.gateway_changed(probed.gateway.name, WAY, reach.reachable, explanation)
