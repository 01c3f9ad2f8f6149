"""What peers are told of where we are, and the clock."""

from __future__ import annotations

import socket
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from ..sip.flow import Address, Transport


class ListeningAddresses:
    """Satisfies `OwnAddresses`: one advertised address, or the one this machine sends from."""

    def __init__(self, advertised: str | None, ports: dict[Transport, int]) -> None:
        """`ports` are those we listen on, by transport."""
        self._advertised = advertised
        self._ports = ports

    def seen_by(self, remote: str, transport: Transport) -> Address:
        """Return our address as a peer, or a host by its name, reaches it."""
        port = self._ports.get(transport) or self._ports[Transport.UDP]
        return self._advertised or source_towards(remote), port


def own_address(bound: IPv4Address | IPv6Address) -> str:
    """Return the address at which machines beside this one reach what is bound to `bound`."""
    if not bound.is_unspecified:
        return str(bound)
    return source_towards("192.0.2.1" if bound.version == 4 else "2001:db8::1")  # documentation's


@lru_cache(maxsize=4096)
def source_towards(remote: str) -> str:
    """Return the address from which this machine sends to a peer. No packet is sent."""
    try:
        version = ip_address(remote).version
    except ValueError:
        remote, version = "192.0.2.1", 4  # a name: by the default route (RFC 5737 address)
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((remote, 9))
        except OSError:
            return "::1" if version == 6 else "127.0.0.1"
        return str(probe.getsockname()[0])


class SystemClock:
    """UNIX time that never goes back: the wall clock at the start, monotonic from then on.

    A clock that is stepped later does not change the length of calls.
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Return UNIX seconds."""
        return time.monotonic() + self._offset
