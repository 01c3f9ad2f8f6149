"""IP addresses as SIP sources show them and as documents write them (AUT-05).

Each address has one spelling: IPv6 as RFC 5952 has it, IPv4 inside IPv6 (`::ffff:192.0.2.1`) as
IPv4.
"""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from ..errors import InvalidAddress

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Transport(StrEnum):
    """How a request came."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    WSS = "wss"


@dataclass(frozen=True, slots=True)
class SocketAddress:
    """An IP address and a port."""

    ip: IPAddress
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


@lru_cache(maxsize=65_536)  # sources come again, and parsing costs more than all else in a match
def parse_ip(text: str) -> IPAddress:
    """Return the address in `text`.

    Raises:
        InvalidAddress: It is neither IPv4 in dotted decimal nor IPv6.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise InvalidAddress(text, "expected an IPv4 or IPv6 address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@dataclass(frozen=True, slots=True)
class AddressPattern:
    """One entry of a gateway's address list: `192.0.2.10`, `192.0.2.10:5062` or `192.0.2.0/24`."""

    network: IPNetwork
    """A single address is a network of one."""
    port: int | None = None
    """None where the entry names no port."""

    @classmethod
    def parse(cls, text: str) -> "AddressPattern":
        """Return the pattern in `text`; IPv6 with a port goes in brackets, `[2001:db8::1]:5060`.

        Raises:
            InvalidAddress: It is none of the three forms.
        """
        host, port = _split_port(text.strip())
        if "/" not in host:
            return cls(ipaddress.ip_network(parse_ip(host)), port)
        if port is not None:
            raise InvalidAddress(text, "a network takes no port")
        try:
            return cls(ipaddress.ip_network(host))
        except ValueError as error:
            raise InvalidAddress(text, str(error)) from None

    @property
    def is_single(self) -> bool:
        return self.network.num_addresses == 1

    def __str__(self) -> str:
        host = str(self.network.network_address) if self.is_single else str(self.network)
        if self.port is None:
            return host
        return f"[{host}]:{self.port}" if self.network.version == 6 else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A host name in a gateway's address list: its addresses are, as far as it is resolved."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


Source: TypeAlias = AddressPattern | NamePattern


def parse_source(text: str) -> Source:
    """Return what an entry of a gateway's address list says.

    Raises:
        InvalidAddress: It is neither an address, a network nor a host name.
    """
    try:
        return AddressPattern.parse(text)
    except InvalidAddress:
        host, port = _split_port(text.strip())
        if _NAME.fullmatch(host) is None or not any(map(str.isalpha, host)):
            raise
        return NamePattern(host.lower(), port)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InvalidAddress(text, "expected [address]:port")
        return host, _port(text, rest[1:]) if rest else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(text, port)
    return text, None


def _port(text: str, digits: str) -> int:
    if digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 65_535:
        return int(digits)
    raise InvalidAddress(text, "expected a port from 1 to 65535")
