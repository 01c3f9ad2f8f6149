"""The topic `routing-gateways`: where vendors live, so that auth knows requests from there."""

from __future__ import annotations

from typing import Final

from trunkline.routing.v1.gateways_pb2 import RoutingGatewayAddresses
from trunkline_kernel.replication import MemorySource

from .documents.routing_gateway import Registration
from .model.gateways import RoutingGateway
from .model.snapshot import Snapshot
from .rpc.encode import target_to_proto

TOPIC: Final = "routing-gateways"


def publish_gateways(source: MemorySource, snapshot: Snapshot) -> None:
    """Make the topic hold exactly the gateways of `snapshot`."""
    source.replace({name: _entry(gateway) for name, gateway in snapshot.gateways.items()})


def _entry(gateway: RoutingGateway) -> bytes:
    return RoutingGatewayAddresses(
        targets=map(target_to_proto, gateway.targets),
        registers=gateway.spec.registration is Registration.DYNAMIC,
        locked=gateway.spec.locked,
        options_check=gateway.spec.options_check,
        allow_publish=gateway.spec.publish,
        capacity=gateway.limit,
    ).SerializeToString(deterministic=True)
