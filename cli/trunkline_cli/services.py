"""The five services: their names, their ports and where this command finds them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from trunkline_kernel.settings import HIGHEST_PORT

from .errors import BadUsage


class Service(StrEnum):
    """A service of the switch, by the name of its entry point."""

    SIGNALING = "signaling"
    MEDIA = "media"
    AUTH = "auth"
    ROUTING = "routing"
    BILLING = "billing"


PORTS: Final[Mapping[Service, int]] = {
    Service.SIGNALING: 50051,
    Service.MEDIA: 50052,
    Service.AUTH: 50053,
    Service.ROUTING: 50054,
    Service.BILLING: 50055,
}


def address_variable(service: Service) -> str:
    """Return the environment variable that holds a service's address."""
    return f"TRUNKLINE_{service.upper()}_ADDRESS"


def default_address(service: Service) -> str:
    """Return where the service listens when nobody says otherwise."""
    return f"127.0.0.1:{PORTS[service]}"


def port_setting(environment: Mapping[str, str], variable: str, default: int) -> int:
    """Return the port that an environment variable names. Raises `BadUsage` if it names none."""
    text = environment.get(variable, str(default))
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise BadUsage(f"{variable}: expected a port from 0 to {HIGHEST_PORT}, got {text!r}")
    return int(text)


def parse_addresses(service: Service, text: str) -> tuple[str, ...]:
    """Return the addresses in `text`: HOST:PORT, several with commas for several instances.

    Raises `BadUsage` for anything else.
    """
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    if not addresses or not all(map(_is_host_and_port, addresses)):
        raise BadUsage(
            f"{address_variable(service)}: expected HOST:PORT, several with commas, got {text!r}"
        )
    return addresses


def _is_host_and_port(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    return bool(host and colon and port.isdigit() and 0 < int(port) <= HIGHEST_PORT)
