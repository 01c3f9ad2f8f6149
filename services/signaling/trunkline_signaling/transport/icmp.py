"""ICMP echo without privileges, by Linux's ping sockets (RFC 792, RFC 4443 section 4.1).

The kernel opens them for groups in net.ipv4.ping_group_range only. It writes identifier and
checksum itself, and gives each socket the replies to its own requests.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import Final

ECHO: Final = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number."""
ECHO_REQUEST: Final = {socket.AF_INET: 8, socket.AF_INET6: 128}
PROTOCOLS: Final = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}


class IcmpEcho:
    """Satisfies `Echo`."""

    def problem(self, ip: str) -> str:
        """Return why this process can send no ICMP echo there; empty when it can."""
        try:
            _open(_family(ip)).close()
        except PermissionError:
            return "the system lets this process send none (net.ipv4.ping_group_range)"
        except OSError as error:
            return str(error)
        return ""

    async def round_trip(self, ip: str, sequence: int, patience: float) -> float | None:
        """Return the seconds until the reply, or None where none comes within `patience` s."""
        family = _family(ip)
        try:
            with _open(family) as ping:
                ping.connect((ip, 0))
                began = time.perf_counter()
                ping.send(ECHO.pack(ECHO_REQUEST[family], 0, 0, 0, sequence))
                async with asyncio.timeout(patience):
                    await asyncio.get_running_loop().sock_recv(ping, ECHO.size)
                return time.perf_counter() - began
        except OSError:  # TimeoutError is one, too
            return None


def _family(ip: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def _open(family: socket.AddressFamily) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, PROTOCOLS[family])
