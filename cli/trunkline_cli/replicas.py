"""How many media instances `trunkline up` starts, and the settings that tell them apart.

On one machine they share its address: each gets gRPC and RTP ports of its own. The other services
would need PostgreSQL and Redis to be several.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from trunkline_kernel.settings import HIGHEST_PORT, METRICS_PORT_OFFSET

from .errors import BadUsage
from .services import PORTS, Service, port_setting

MOST: Final = 16
PORT_STEP: Final = 100
"""Between two instances' gRPC ports: the first ones' neighbours belong to other services."""
RTP_PORTS: Final = range(10_000, 40_000)
"""SS_RTP_PORT_RANGE as it is by default."""

Plan = list[tuple[Service, dict[str, str]]]
"""Processes to start, each with settings of its own."""


def parse_replicas(text: str) -> int:
    """Return the number of media instances in "media=3". Raises `BadUsage`."""
    name, _, number = text.partition("=")
    if name != Service.MEDIA or not number.isdecimal() or not 1 <= int(number) <= MOST:
        raise BadUsage(f"--replicas: expected media=1 to media={MOST}, got {text!r}")
    return int(number)


def plan(media: int, environment: Mapping[str, str]) -> Plan:
    """Return the processes of a switch with so many media instances.

    Raises `BadUsage` when `environment` leaves the instances no room for their ports.
    """
    if media == 1:
        return [(service, {}) for service in Service]
    instances = list(_media_settings(media, environment))
    host = environment.get("TRUNKLINE_MEDIA_GRPC_HOST", "127.0.0.1")
    targets = [f"{host}:{each['TRUNKLINE_MEDIA_GRPC_PORT']}" for each in instances]
    signaling = {"TRUNKLINE_SIGNALING_MEDIA": ",".join(targets)}
    return [
        (Service.SIGNALING, signaling),
        *((Service.MEDIA, settings) for settings in instances),
        *((service, {}) for service in (Service.AUTH, Service.ROUTING, Service.BILLING)),
    ]


def _media_settings(count: int, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    grpc_ports = _ports(count, environment, "TRUNKLINE_MEDIA_GRPC_PORT", PORTS[Service.MEDIA])
    http_ports = _ports(
        count, environment, "TRUNKLINE_MEDIA_HTTP_PORT", grpc_ports[0] + METRICS_PORT_OFFSET
    )
    share = len(RTP_PORTS) // count // 2 * 2  # even: RTCP is on the odd port above
    for number, (grpc_port, http_port) in enumerate(zip(grpc_ports, http_ports, strict=True)):
        ports = RTP_PORTS[number * share : (number + 1) * share]
        yield {
            "TRUNKLINE_MEDIA_INSTANCE": f"media-{number}",
            "TRUNKLINE_MEDIA_GRPC_PORT": str(grpc_port),
            "TRUNKLINE_MEDIA_HTTP_PORT": str(http_port),
            "TRUNKLINE_MEDIA_RTP_PORTS": f"{ports[0]}-{ports[-1]}",
        }


def _ports(count: int, environment: Mapping[str, str], variable: str, default: int) -> range:
    first = port_setting(environment, variable, default)
    span = (count - 1) * PORT_STEP
    if not 0 < first <= HIGHEST_PORT - span:
        raise BadUsage(
            f"{variable}: {first} leaves no room for {count} instances, {PORT_STEP} ports apart",
            [f"expected 1 to {HIGHEST_PORT - span}"],
        )
    return range(first, first + span + 1, PORT_STEP)
