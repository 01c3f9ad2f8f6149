"""How sockets are set up, and what a peer may cost us."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

from ..sip.flow import Address


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """Options of all sockets. A change of `tos` or `receive_buffer` holds for new ones only."""

    tos: int = 0xA0
    """SS_QOS_SIGNAL: the IP TOS byte, 0 to 255 (SIG-27)."""
    close_reset: bool = False
    """SS_TCP_CLOSE_RESET: close connections with RST instead of FIN (SIG-17)."""
    receive_buffer: int = 4 << 20
    """Bytes the kernel holds for a UDP socket: half a second of INVITEs while we are busy."""
    idle_limit: float = 300.0
    """Seconds after which a connection without a whole message is closed (SIG-17): half of one, a
    byte at a time, keeps none open."""
    stranger_limit: float = 5.0
    """Seconds a connection lives on which we have never sent a message (AUT-01)."""
    connect_limit: float = 5.0
    """Seconds a connection may take to open, its TLS handshake included."""
    max_connections: int = 10_000
    """Connections at once, in both directions; further ones are closed as they come."""
    max_unsent: int = 1 << 20
    """Bytes that may wait for one peer to read; a peer that lets more wait is cut off."""

    def __post_init__(self) -> None:
        if not 0 <= self.tos <= 0xFF:
            raise ValueError(f"expected a TOS byte from 0x00 to 0xff, found {self.tos:#x}")


def bind(kind: socket.SocketKind, address: Address) -> socket.socket:
    """Return a bound socket that does not block. Raises `OSError` that names the address."""
    family = socket.AF_INET6 if ipaddress.ip_address(address[0]).version == 6 else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        bound.setblocking(False)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        where = f"{'TCP' if kind == socket.SOCK_STREAM else 'UDP'} {address[0]}:{address[1]}"
        raise OSError(error.errno, f"cannot listen on {where}: {error.strerror}") from None
    return bound


def mark(marked: socket.socket, tos: int) -> None:
    """Write the TOS byte, or the traffic class of IPv6, into all that a socket sends."""
    if marked.family == socket.AF_INET6:
        marked.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
    else:
        marked.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
