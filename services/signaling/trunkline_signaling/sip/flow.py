"""Where a message comes from and goes to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

Address = tuple[str, int]
"""IP address (IPv6 without brackets) and port."""

ANY_LOCAL: Final[Address] = ("", 0)
"""Let the transport choose the local address."""
UNSPECIFIED: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  # no socket is bound here
"""Hosts that say only that any address of ours will do."""


class Transport(StrEnum):
    """Transport protocols, in a Via's spelling but for its case."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    WS = "ws"
    WSS = "wss"

    @property
    def is_reliable(self) -> bool:
        """Tell whether the transport repeats what is lost by itself."""
        return self is not Transport.UDP

    @property
    def is_websocket(self) -> bool:
        """Tell whether only the peer can open a connection (RFC 7118)."""
        return self in (Transport.WS, Transport.WSS)

    @property
    def uri_parameter(self) -> str:
        """The `transport` parameter of a URI: `ws` also where TLS is below (RFC 7118)."""
        return "ws" if self is Transport.WSS else self.value


class Flow(NamedTuple):
    """A way to a peer. Over TCP and TLS it names one connection as long as that lives."""

    transport: Transport
    remote: Address
    local: Address = ANY_LOCAL
    domain: str = ""
    """What the peer's certificate has to prove where we open a TLS connection (RFC 5922): the host
    as dialled. Empty opens none: the peer opened the connection, or there is no TLS."""

    @property
    def way(self) -> tuple[Transport, Address, str]:
        """To whom it leads, from whichever address of ours."""
        return self.transport, self.remote, self.domain


def local_end(flow: Flow, seen_by: Callable[[str, Transport], Address]) -> Address:
    """Return our end of a flow; `seen_by` tells it where the socket takes any address."""
    if flow.local[0] not in UNSPECIFIED:
        return flow.local
    host, port = seen_by(flow.remote[0], flow.transport)
    return host, flow.local[1] or port
