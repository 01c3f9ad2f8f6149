"""Keeps our registrations at vendors, as configured and as shared out (SIG-01, SIG-02)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Final

import structlog

from ..calls.call_settings import OwnAddresses
from ..calls.services import GatewayReport
from ..registrar.outbound import Peer, Registration, Rules
from ..sip.flow import Flow, Transport
from ..sip.message import Request
from ..sip.uri import SipUri
from .inquiries import Inquiries
from .ownership import Ownership
from .ports import ReachObserver, Resolver

log = structlog.stdlib.get_logger(__name__)

TURN: Final = 5.0
"""Seconds between two looks at whose registrations are whose; leases last 15 s."""
WINDOW: Final = 5.0
"""Seconds that all registrations together have to be ended (SIG-01 rule 4)."""
WAY: Final = "registration"
"""What reachability is told by, in the log and in metrics."""


@dataclass(slots=True, eq=False)
class _Kept:
    registration: Registration
    task: asyncio.Task[None] | None = None
    flow: Flow | None = None
    """Where the vendor was found when the registration began; it goes on there."""


@dataclass(frozen=True, slots=True)
class RegistrationSettings:
    """What the parameters say now."""

    rules: Callable[[], Rules]
    sends_unregister: Callable[[], bool]
    """SS_SIP_USER_AGENT_SEND_UNREGISTER."""


class Registrations:
    """All registrations of one instance. `put` and `remove` follow the configuration."""

    def __init__(
        self,
        inquiries: Inquiries,
        resolver: Resolver,
        ownership: Ownership,
        settings: RegistrationSettings,
        own: OwnAddresses,
        random: Random,
        observer: ReachObserver,
    ) -> None:
        self._inquiries = inquiries
        self._resolver = resolver
        self._ownership = ownership
        self._settings = settings
        self._own = own
        self._random = random
        self._observer = observer
        self._peers: dict[str, Peer] = {}
        self._kept: dict[str, _Kept] = {}
        self._changed = asyncio.Event()
        self._leaving = False
        self._loop = asyncio.get_running_loop()

    def put(self, peer: Peer) -> None:
        """Register there from now on, in this way."""
        self._peers[peer.name] = peer
        self._changed.set()

    def remove(self, name: str) -> None:
        """Register there no more: the gateway is gone, or locked."""
        self._peers.pop(name, None)
        self._changed.set()

    def reports(self) -> Iterator[GatewayReport]:
        """Yield what is known of vendors: one where we are not registered takes no call."""
        for name, kept in self._kept.items():
            yield GatewayReport(name, kept.registration.is_registered)

    async def run(self) -> None:
        """Keep them until `leave`."""
        async with asyncio.TaskGroup() as tasks:
            while not self._leaving:
                self._changed.clear()
                await self._share_out(tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(TURN):
                        await self._changed.wait()

    async def leave(self) -> None:
        """End all of them, at once and within the window; hand them on where somebody is left."""
        self._leaving = True
        self._changed.set()
        kept, self._kept = list(self._kept.values()), {}
        for each in kept:
            self._drop(each)
        if await self._ownership.leave() or not self._settings.sends_unregister():
            return
        async with asyncio.TaskGroup() as tasks:
            for each in kept:
                tasks.create_task(self._unregister(each))

    async def _share_out(self, tasks: asyncio.TaskGroup) -> None:
        """Begin what became ours, end what is wanted no more, drop what is another's."""
        owned = await self._ownership.claim(self._peers)
        if self._leaving:
            return
        for name, kept in list(self._kept.items()):
            peer = self._peers.get(name)
            if name not in owned or kept.registration.peer != peer:
                self._drop(self._kept.pop(name))
            if peer is None:
                tasks.create_task(self._unregister(kept))
            elif name in owned and kept.registration.peer != peer:
                self._begin(tasks, peer, before=kept)
        for name in owned - self._kept.keys():
            self._begin(tasks, self._peers[name])

    def _begin(self, tasks: asyncio.TaskGroup, peer: Peer, before: _Kept | None = None) -> None:
        kept = _Kept(Registration(peer, self._settings.rules, self._random))
        self._kept[peer.name] = kept
        kept.task = tasks.create_task(self._keep(kept, before))

    async def _keep(self, kept: _Kept, before: _Kept | None) -> None:
        if before is not None:
            await self._unregister(before)
        registration = kept.registration
        while registration.deadline is not None:
            await asyncio.sleep(max(registration.deadline - self._loop.time(), 0))
            was_registered, said = registration.is_registered, registration.explanation
            await self._register(kept)
            if (registration.is_registered, registration.explanation) != (was_registered, said):
                self._observer.gateway_changed(
                    registration.peer.name,
                    WAY,
                    registration.is_registered,
                    registration.explanation,
                )

    async def _register(self, kept: _Kept) -> None:
        registration, target = kept.registration, kept.registration.peer.proxy
        if not registration.is_registered:
            address = self._resolver.known(target) or await self._resolver.find(target)
            if address is None:
                registration.fail(f"{target.host} has no address", self._loop.time())
                return
            kept.flow = self._inquiries.flow(target, address)
        assert kept.flow is not None
        await self._converse(kept, registration.begin(self._contact(registration.peer, kept.flow)))

    async def _unregister(self, kept: _Kept) -> None:
        """Tell a vendor that we are gone, where it knows us (SIG-01)."""
        registration = kept.registration
        if not registration.is_registered or not self._settings.sends_unregister():
            return
        outcome = f"no answer within {WINDOW:g} s"
        with suppress(TimeoutError):
            async with asyncio.timeout(WINDOW):
                await self._converse(kept, registration.leave())
                outcome = registration.explanation or "done"
        log.info("unregistered", gateway=registration.peer.name, outcome=outcome)

    async def _converse(self, kept: _Kept, request: Request | None) -> None:
        assert kept.flow is not None
        while request is not None:
            response = await self._inquiries.ask(request, kept.flow)
            if response is None:
                self._resolver.failed(kept.registration.peer.proxy, kept.flow.remote)
            request = kept.registration.take(response, self._loop.time())

    def _contact(self, peer: Peer, flow: Flow) -> SipUri:
        host, port = self._own.seen_by(flow.remote[0], flow.transport)
        is_udp = flow.transport is Transport.UDP
        return SipUri(host, peer.user, port, {} if is_udp else {"transport": flow.transport.value})

    def _drop(self, kept: _Kept) -> None:
        if kept.task is not None:
            kept.task.cancel()
        self._observer.gateway_forgotten(kept.registration.peer.name, WAY)
