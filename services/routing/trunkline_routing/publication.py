"""What others keep in memory of gateways: where vendors live, so that auth knows requests from
there (`routing-gateways`), as whom signaling registers there (`peer-registrations`, SIG-02), and
how often host names are looked up (`domains`, MGT-06).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from trunkline.routing.v1.gateways_pb2 import (
    Domain,
    PeerRegistration,
    RoutingGatewayAddresses,
)
from trunkline.routing.v1.routing_pb2 import Credentials
from trunkline_kernel.replication import MemorySource

from .documents.domain import DomainSpec
from .documents.routing_gateway import Registration
from .model.gateways import RoutingGateway
from .model.snapshot import Snapshot
from .rpc.encode import target_to_proto

GATEWAYS: Final = "routing-gateways"
REGISTRATIONS: Final = "peer-registrations"
DOMAINS: Final = "domains"


class Publication:
    """The topics. Only signaling may follow the one of registrations: it holds passwords."""

    def __init__(self) -> None:
        self.gateways = MemorySource()
        self.registrations = MemorySource()
        self.domains = MemorySource()

    @property
    def topics(self) -> dict[str, MemorySource]:
        """Return the sources by their topics' names."""
        return {
            GATEWAYS: self.gateways,
            REGISTRATIONS: self.registrations,
            DOMAINS: self.domains,
        }

    def publish(self, snapshot: Snapshot) -> None:
        """Make the topics hold exactly the gateways of `snapshot`."""
        gateways = snapshot.gateways
        self.gateways.replace({name: _entry(each) for name, each in gateways.items()})
        self.registrations.replace(dict(_registrations(gateways.values())))
        self.domains.replace({name: _domain(spec) for name, spec in snapshot.domains.items()})


def _entry(gateway: RoutingGateway) -> bytes:
    return RoutingGatewayAddresses(
        targets=map(target_to_proto, gateway.targets),
        registers=gateway.spec.registers,
        locked=gateway.spec.locked,
        options_check=gateway.spec.options_check,
        allow_publish=gateway.spec.publish,
        capacity=gateway.limit,
        registers_there=gateway.spec.registration is Registration.PEER,
    ).SerializeToString(deterministic=True)


def _domain(spec: DomainSpec) -> bytes:
    message = Domain()
    if spec.refresh is not None:
        message.refresh_duration.FromSeconds(spec.refresh)
    return message.SerializeToString(deterministic=True)


def _registrations(gateways: Iterable[RoutingGateway]) -> Iterator[tuple[str, bytes]]:
    for gateway in gateways:
        spec = gateway.spec
        if not spec.registering_user or not spec.domain or gateway.barred:
            continue
        message = PeerRegistration(
            proxy=target_to_proto(gateway.targets[0]),
            host=spec.domain,
            user=spec.registering_user,
        )
        if spec.credentials is not None:
            message.credentials.CopyFrom(
                Credentials(username=spec.credentials.username, password=spec.credentials.password)
            )
        if spec.register_as.period == "auto":
            message.automatic = True
        elif spec.register_as.period != "default":
            message.requested_duration.FromSeconds(spec.register_as.period)
        yield gateway.name, message.SerializeToString(deterministic=True)
