"""Composition root of signaling: `main` is what the command `trunkline signaling` runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Final

import structlog
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline.common.v1.parameters_pb2_grpc import add_ParametersServiceServicer_to_server
from trunkline.signaling.v1.signaling_pb2_grpc import add_SignalingServiceServicer_to_server
from trunkline_kernel.database import open_database
from trunkline_kernel.documents import Documents, DocumentServicer
from trunkline_kernel.names import DnsLookUp, Names
from trunkline_kernel.node import Node
from trunkline_kernel.parameters import Change, Parameters
from trunkline_kernel.parameters.servicer import ParametersServicer
from trunkline_kernel.parameters.store import StoredParameters
from trunkline_kernel.reporting import Reporter
from trunkline_kernel.rpc import MultiplexedChannel
from trunkline_kernel.service import Service, run_service
from trunkline_kernel.shared_state import SharedState, connect_redis
from trunkline_kernel.vault import open_vault

from .calls.call_settings import Aim, CallSettings
from .layer_metrics import CollectorMetrics, LayerMetrics
from .observation import Observation
from .outbox.outbox import Outbox
from .parameters import CHECKS, PARAMETERS
from .parameters.calls import max_duration, progress_limits, timer_parameters
from .parameters.media import (
    RTP_ENCRYPTION,
    RTP_ENCRYPTION_KEY,
    doubts_of_key,
    encryption,
    prompts,
    relay_parameters,
)
from .parameters.sip import timing
from .reachability import Reachability, Surroundings
from .registrar.entity_tags import EntityTags
from .rpc.clients.auth import AuthClient
from .rpc.clients.billing import BillingClient
from .rpc.clients.cdrs import complete_cdr, encode_cdr
from .rpc.clients.routing import RoutingClient
from .rpc.guards import GUARDS
from .rpc.servicer import SignalingServicer
from .settings import SignalingSettings
from .shell.handovers import RedisHandovers
from .shell.known_sources import NotedCallers
from .shell.leases import SeatLeases
from .shell.media_instances import MediaInstances
from .shell.media_pool import MediaPool
from .shell.network import SipNetwork
from .shell.network_tests import NetworkTests
from .shell.own_addresses import ListeningAddresses, SystemClock, own_address
from .shell.ownership import Alone, RedisOwnership
from .shell.ports import Services
from .shell.randomness import BufferedSystemRandom
from .shell.registrations import Registrations
from .shell.resolve import NameResolver
from .shell.switch import Switch
from .sip.flow import Transport
from .trace.collector import Collector
from .trace.hep import Agent
from .trace.ring import Trace
from .transport.icmp import IcmpEcho

log = structlog.stdlib.get_logger(__name__)

DELIVERY_LIMIT: Final = 5.0
"""Seconds that billing has to take the last CDRs of a switch that leaves."""

CLOSE_LIMIT: Final = 3.0
"""Seconds that calls have to end with a CDR when the switch cannot wait any longer."""


@asynccontextmanager
async def build(service: Service, settings: SignalingSettings) -> AsyncIterator[None]:
    """Wire signaling: what comes before the yield happens before anybody can ask."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        await database.migrate()
        vault = open_vault(settings)
        stored = StoredParameters(Parameters(PARAMETERS, CHECKS), database, vault)
        await stored.load()
        documents = Documents([], database, parameters=stored)
        await documents.load()

        def channel(target: str) -> MultiplexedChannel:
            return MultiplexedChannel(target, metrics=service.client_metrics, tls=service.tls)

        auth = await stack.enter_async_context(channel(settings.auth))
        routing = await stack.enter_async_context(channel(settings.routing))
        billing = await stack.enter_async_context(channel(settings.billing))
        clock, epoch = SystemClock(), secrets.token_hex(8)
        outbox = await stack.enter_async_context(
            Outbox(
                settings.outbox,
                encode_cdr,
                lambda cdr, alive: complete_cdr(cdr, alive, "signaling was restarted"),
                BillingClient(billing),
                clock,
            )
        )
        network = await stack.enter_async_context(SipNetwork(settings, stored.values))
        media = MediaPool(
            settings.instance, epoch, lambda call_id, event: switch.tell(call_id, event)
        )
        names = Names(DnsLookUp())
        resolver = NameResolver(names)
        shared = await stack.enter_async_context(open_shared(settings, service))
        handovers = handovers_of(shared, settings, network)
        own = ListeningAddresses(network.advertised, network.ports)
        trace = Trace(settings.trace_megabytes << 20, clock.now, own.seen_by)
        collector = hep_collector(settings, clock, trace, own)
        reporter = Reporter(billing, f"signaling/{settings.instance}", service.metrics)
        observation = Observation(service.metrics, trace, collector, service.spans, reporter.send)
        switch = Switch(
            Services(
                NotedCallers(AuthClient(auth), network.know),
                RoutingClient(routing),
                BillingClient(billing),
                media,
            ),
            outbox,
            network,
            resolver,
            clock,
            observation,
            live_settings(
                settings.instance, own, stored.values, lambda *call: reach.probes.aim(*call)
            ),
            BufferedSystemRandom(),
            timing(stored.values),
            handovers,
        )
        switch.publications.tags = EntityTags(vault.derive("SIP-ETag"))
        network.attach(switch)
        reach = Reachability(
            Surroundings(
                settings.instance,
                auth,
                routing,
                reporter,
                network,
                names,
                resolver,
                own,
                clock,
                BufferedSystemRandom(),
                RedisOwnership(shared, settings.instance) if shared else Alone(),
                service.metrics,
                stored.values,
            ),
            switch,
        )
        obey_parameters(switch, network, stored.values)
        service.metrics.registry.register(
            LayerMetrics(switch, network, outbox.delivery, observation, clock)
        )
        tests = NetworkTests(
            switch.inquiries,
            reach.probes,
            resolver,
            lambda: NameResolver(Names(DnsLookUp())),
            own,
            BufferedSystemRandom(),
            clock,
            IcmpEcho(),
        )
        instances = MediaInstances(settings.media, media, channel)
        leases = SeatLeases(RoutingClient(routing), switch, settings.instance, epoch)
        service.background(stored.follow)
        service.background(outbox.run)
        service.background(instances.run)
        for work in (leases.run, *reach.work):
            service.background(work)
        if handovers is not None:
            service.background(handovers.run)
        if collector is not None:
            service.metrics.registry.register(CollectorMetrics(collector))
            service.background(collector.run)
        service.on_drain(lambda: drained(switch, outbox))
        service.on_drain(lambda: left(reach.registrations))
        service.add(
            add_DocumentServiceServicer_to_server, DocumentServicer(documents, service.rights)
        )
        service.add(
            add_ParametersServiceServicer_to_server, ParametersServicer(stored, service.rights)
        )
        service.add(
            add_SignalingServiceServicer_to_server,
            SignalingServicer(
                Node(settings.instance, version("trunkline-signaling"), clock.now()),
                switch,
                trace,
                lambda: outbox.delivery.depth,
                service.drain,
                names,
                tests,
                media.statistics,
            ),
        )
        service.guard(GUARDS)
        yield


def hep_collector(
    settings: SignalingSettings, clock: SystemClock, trace: Trace, own: ListeningAddresses
) -> Collector | None:
    """Return what sends every message to the collector, if there is one."""
    address = settings.collector_address
    if address is None:
        return None
    password = settings.hep_password.get_secret_value()
    agent = Agent(settings.hep_agent_id, settings.instance, password)
    return Collector(address, agent, clock.now, trace.correlate, own.seen_by)


def live_settings(
    instance: str, own: ListeningAddresses, values: Parameters, aim: Aim
) -> Callable[[], CallSettings]:
    """Return what gives a new call its settings: made anew when a parameter changes."""

    def read() -> CallSettings:
        return CallSettings(
            instance,
            own,
            progress_limits(values),
            relay_parameters(values),
            max_duration(values),
            timer_parameters(values),
            encryption(values),
            prompts(values),
            aim,
        )

    current = read()

    def changed(_: Sequence[Change]) -> None:
        nonlocal current
        current = read()

    values.subscribe(changed)
    return lambda: current


def obey_parameters(switch: Switch, network: SipNetwork, values: Parameters) -> None:
    """Let changed parameters hold for transactions and sockets begun from then on."""

    def obey(changes: Sequence[Change]) -> None:
        if any(change.parameter in RTP_ENCRYPTION for change in changes):
            warn_of_key(values)
        switch.transactions.timing = timing(values)
        network.obey(values)

    values.subscribe(obey)


def warn_of_key(values: Parameters) -> None:
    """Log what is unwise about the key of RTP encryption, if something is."""
    for doubt in doubts_of_key(values):
        log.warning(f"{RTP_ENCRYPTION_KEY.name} {doubt}")


async def drained(switch: Switch, outbox: Outbox) -> None:
    """Refuse new calls; return when the last one has ended and billing has its CDR.

    What is left when time is up is ended. CDRs that billing does not take wait on disk.
    """
    switch.drain()
    try:
        await switch.drained()
        with suppress(TimeoutError):
            async with asyncio.timeout(DELIVERY_LIMIT):
                await outbox.delivery.done()
    except asyncio.CancelledError:
        async with asyncio.timeout(CLOSE_LIMIT):
            await switch.close("the switch must go")
        raise


@asynccontextmanager
async def open_shared(
    settings: SignalingSettings, service: Service
) -> AsyncIterator[SharedState | None]:
    """Open what several instances share; None for one that is alone."""
    if not settings.redis_url:
        yield None
        return
    async with connect_redis(settings.redis_url) as client:
        yield SharedState(client, service.metrics)


def handovers_of(
    shared: SharedState | None, settings: SignalingSettings, network: SipNetwork
) -> RedisHandovers | None:
    """Return what hands transfers over to other instances, where there may be some."""
    if shared is None:
        return None
    address = own_address(settings.sip_address), network.ports[Transport.UDP]
    return RedisHandovers(shared, settings.instance, address)


async def left(registrations: Registrations) -> None:
    """End our registrations within their window, however hurried the end is (SIG-01)."""
    leaving = asyncio.ensure_future(registrations.leave())
    try:
        await asyncio.shield(leaving)
    except asyncio.CancelledError:
        await leaving
        raise


def main() -> None:
    """Run signaling as this process."""
    run_service(SignalingSettings, build)


if __name__ == "__main__":
    main()
