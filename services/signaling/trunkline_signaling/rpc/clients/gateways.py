"""What routing publishes about gateways, and who takes it here."""

from __future__ import annotations

from typing import Final

from trunkline.routing.v1.gateways_pb2 import Domain, PeerRegistration, RoutingGatewayAddresses

from ...calls.policy import Credentials
from ...registrar.gateways import Gateway
from ...registrar.outbound import Peer
from .plans import decode_target

GATEWAYS: Final = "routing-gateways"
"""Topic of all vendors: where they are, and what they may do."""
DOMAINS: Final = "domains"
"""Topic of the host names that are configured (MGT-06)."""
REGISTRATIONS: Final = "peer-registrations"
"""Topic of the vendors at which we register (SIG-02)."""


def decode_peer(name: str, value: bytes) -> Peer:
    """Decode as whom we register at the gateway `name`. Raises `ValueError`."""
    message = PeerRegistration.FromString(value)
    known = message.credentials if message.HasField("credentials") else None
    return Peer(
        name,
        decode_target(message.proxy),
        message.host,
        message.user,
        Credentials(known.username, known.password) if known is not None else None,
        message.requested_duration.seconds or None,
        message.automatic,
    )


def decode_gateway(name: str, value: bytes) -> Gateway:
    """Decode where the gateway `name` is. Raises `ValueError`."""
    message = RoutingGatewayAddresses.FromString(value)
    return Gateway(
        name,
        tuple(map(decode_target, message.targets)),
        message.options_check,
        message.allow_publish,
        message.capacity if message.HasField("capacity") else None,
        message.registers_there,
    )


def decode_refresh(value: bytes) -> float | None:
    """Decode how often a host name is looked up, in seconds; None goes by its TTL."""
    message = Domain.FromString(value)
    if not message.HasField("refresh_duration"):
        return None
    return message.refresh_duration.ToTimedelta().total_seconds()
