"""Who can be reached, wired: what keeps gateways and terminals in reach, and tells routing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from trunkline_kernel.metrics import Metrics
from trunkline_kernel.names import Names
from trunkline_kernel.parameters import Change, Parameters
from trunkline_kernel.replication import Replica, ReplicaMetrics
from trunkline_kernel.reporting import Reporter, unresolved
from trunkline_kernel.rpc import Channel

from .calls.call_settings import OwnAddresses
from .calls.services import GatewayReport
from .parameters.sip import (
    OPTIONS_CHECK_PERIOD,
    PUBLISH_EXPIRE,
    USER_AGENT_SEND_UNREGISTER,
    keep_alive,
    registration_rules,
)
from .reach_conditions import ReachConditions
from .reach_metrics import ReachMetrics
from .rpc.clients.auth import AuthClient
from .rpc.clients.gateways import (
    DOMAINS,
    GATEWAYS,
    REGISTRATIONS,
    decode_gateway,
    decode_peer,
    decode_refresh,
)
from .rpc.clients.routing import RoutingClient
from .shell.checks import Checks
from .shell.keep_alive import KeepAlive
from .shell.ownership import Ownership
from .shell.ports import Clock, Network
from .shell.probes import Probes
from .shell.registrations import Registrations, RegistrationSettings
from .shell.reports import GatewayReports
from .shell.resolve import NameResolver
from .shell.switch import Switch

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reachability stands on."""

    instance: str
    auth: Channel
    routing: Channel
    reporter: Reporter
    network: Network
    names: Names
    resolver: NameResolver
    own: OwnAddresses
    clock: Clock
    random: Random
    ownership: Ownership
    metrics: Metrics
    values: Parameters


class Reachability:
    """Registrations of ours, probes, checks of terminals, keep-alives, publications, reports."""

    def __init__(self, around: Surroundings, switch: Switch) -> None:
        auth, values, inquiries = AuthClient(around.auth), around.values, switch.inquiries
        self._clock = around.clock
        self._publications = switch.publications
        self._reports = GatewayReports(RoutingClient(around.routing), around.instance)
        self._reporter = around.reporter
        around.reporter.watch(lambda: unresolved(around.names))
        observer = ReachConditions(
            ReachMetrics(around.metrics, self._reports.stir), around.reporter
        )
        self.registrations = Registrations(
            inquiries,
            around.resolver,
            around.ownership,
            RegistrationSettings(
                lambda: registration_rules(values),
                lambda: values[USER_AGENT_SEND_UNREGISTER],
            ),
            around.own,
            around.random,
            observer,
        )
        self.probes = Probes(
            inquiries,
            around.resolver,
            around.own,
            around.random,
            observer,
            lambda: values[OPTIONS_CHECK_PERIOD],
        )
        checks = Checks(auth, inquiries, around.own, around.instance, around.random)
        keeper = KeepAlive(
            auth,
            around.network,
            around.instance,
            lambda: keep_alive(values),
            around.clock,
        )
        self._publications.changed = self._reports.stir
        around.names.changed = self._names_changed
        self._resolver = around.resolver
        self._reports.gather_from(
            self.registrations.reports,
            self.probes.reports,
            self._resolver.reports,
            self._published,
        )
        self.work: tuple[Work, ...] = (
            *(replica.follow for replica in self._replicas(around)),
            around.names.run,
            self.registrations.run,
            self.probes.run,
            checks.run,
            keeper.run,
            around.reporter.run,
            self._reports.run,
        )
        """To be run beside the service."""
        missing = around.metrics.gauge(
            "names_unresolved", "Host names of gateways that never were resolved."
        )
        missing.set_function(lambda: sum(each.current is None for each in around.names))
        self._obey(values)
        values.subscribe(lambda changes: self._changed(changes, values))

    def _replicas(self, around: Surroundings) -> tuple[Replica, ...]:
        ages = ReplicaMetrics(around.metrics)
        return (
            Replica(
                around.routing,
                GATEWAYS,
                put=self._put_gateway,
                delete=self._remove_gateway,
                metrics=ages,
            ),
            Replica(
                around.routing,
                DOMAINS,
                put=lambda host, value: self._resolver.put_domain(host, decode_refresh(value)),
                delete=self._resolver.remove_domain,
                metrics=ages,
            ),
            Replica(
                around.routing,
                REGISTRATIONS,
                put=lambda name, value: self.registrations.put(decode_peer(name, value)),
                delete=self.registrations.remove,
                metrics=ages,
            ),
        )

    def _put_gateway(self, name: str, value: bytes) -> None:
        gateway = decode_gateway(name, value)
        self._resolver.put(gateway)
        self.probes.put(gateway)
        self._publications.put(gateway)

    def _remove_gateway(self, name: str) -> None:
        self._resolver.remove(name)
        self.probes.remove(name)
        self._publications.remove(name)

    def _names_changed(self) -> None:
        self._reports.stir()
        self._reporter.stir()

    def _published(self) -> Iterator[GatewayReport]:
        return self._publications.reports(self._clock.now())

    def _changed(self, changes: Sequence[Change], values: Parameters) -> None:
        self._obey(values)
        if any(change.parameter is OPTIONS_CHECK_PERIOD for change in changes):
            self.probes.restart()

    def _obey(self, values: Parameters) -> None:
        self._publications.life = values[PUBLISH_EXPIRE]
