"""HEP version 3, in which Homer takes captured messages (HEP3 Network Protocol Specification).

A packet is "HEP3", its length, and chunks: vendor 0, type, length with this head, value.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from ..sip.flow import Address

IP_FAMILY: Final = 1
IP_PROTOCOL: Final = 2
IPV4_SOURCE: Final = 3
IPV4_DESTINATION: Final = 4
IPV6_SOURCE: Final = 5
IPV6_DESTINATION: Final = 6
SOURCE_PORT: Final = 7
DESTINATION_PORT: Final = 8
SECONDS: Final = 9
MICROSECONDS: Final = 10
PROTOCOL: Final = 11
AGENT_ID: Final = 12
PASSWORD: Final = 14
PAYLOAD: Final = 15
CORRELATION_ID: Final = 17
NODE_NAME: Final = 19

SIP: Final = 1
UDP: Final = 17
TCP: Final = 6
INET: Final = 2
INET6: Final = 10
"""Address families as Linux numbers them."""

MAX_PAYLOAD: Final = 60_000
"""Bytes of a message that fit a datagram beside the other chunks; the rest is cut off."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who captures."""

    id: int
    """32 bits; tells the nodes of a platform apart."""
    name: str = ""
    password: str = ""
    """What the collector asks for, in the clear. Empty sends none."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One message."""

    time: float
    """UNIX seconds."""
    source: Address
    destination: Address
    is_datagram: bool
    payload: bytes
    correlation_id: str
    """The same for both legs of a call."""


def encode(captured: Captured, agent: Agent) -> bytes:
    """Return a message as one HEP packet. Raises `ValueError` for a name instead of an address."""
    source, destination = ip_address(captured.source[0]), ip_address(captured.destination[0])
    seconds, microseconds = divmod(round(captured.time * 1e6), 1_000_000)
    chunks = [
        _chunk(IP_FAMILY, bytes([INET if source.version == 4 else INET6])),
        _chunk(IP_PROTOCOL, bytes([UDP if captured.is_datagram else TCP])),
        _address(source, IPV4_SOURCE, IPV6_SOURCE),
        _address(destination, IPV4_DESTINATION, IPV6_DESTINATION),
        _chunk(SOURCE_PORT, struct.pack("!H", captured.source[1])),
        _chunk(DESTINATION_PORT, struct.pack("!H", captured.destination[1])),
        _chunk(SECONDS, struct.pack("!I", seconds)),
        _chunk(MICROSECONDS, struct.pack("!I", microseconds)),
        _chunk(PROTOCOL, bytes([SIP])),
        _chunk(AGENT_ID, struct.pack("!I", agent.id)),
        _chunk(CORRELATION_ID, captured.correlation_id.encode("utf-8", "replace")),
        _chunk(NODE_NAME, agent.name.encode()),
        _chunk(PAYLOAD, captured.payload[:MAX_PAYLOAD]),
    ]
    if agent.password:
        chunks.append(_chunk(PASSWORD, agent.password.encode()))
    body = b"".join(chunks)
    return b"HEP3" + struct.pack("!H", 6 + len(body)) + body


def _address(address: IPv4Address | IPv6Address, four: int, six: int) -> bytes:
    return _chunk(four if address.version == 4 else six, address.packed)


def _chunk(kind: int, value: bytes) -> bytes:
    return struct.pack("!HHH", 0, kind, 6 + len(value)) + value
