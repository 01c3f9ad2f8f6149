"""Where a terminal can be reached: one binding for each (SIG-24)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ..identity import EndpointId, IPAddress, SocketAddress, Transport


@dataclass(frozen=True, slots=True)
class Binding:
    """One live registration."""

    endpoint: EndpointId
    contact: str
    """The URI as registered."""
    received: SocketAddress
    """Where the REGISTER came from, and calls go when the terminal is behind NAT."""
    transport: Transport
    registered: datetime
    """When this contact was first bound."""
    updated: datetime
    """When it was last refreshed."""
    expires: datetime
    call_id: str
    """Of the last REGISTER, with `cseq`: orders those of one client (RFC 3261 section 10.3)."""
    cseq: int
    local: SocketAddress | None = None
    """Where the REGISTER came in."""
    user_agent: str = ""
    instance_id: str = ""
    """+sip.instance (RFC 5626); empty where the contact has none."""
    signaling_instance: str = ""
    """The signaling instance that holds the flow."""
    behind_nat: bool = False
    """Via or Contact say another address than the packet did (SIG-07)."""
    reachable: bool = True
    """What the light check last found (AUT-08)."""
    misses: int = 0
    """Light checks in a row that found nobody."""


class Bindings(Protocol):
    """Where bindings are kept: one place for the whole cluster (spec 0.6).

    Whatever has expired by `now` is never returned.
    """

    async def get(self, endpoint: EndpointId, now: datetime) -> Binding | None: ...

    async def put(self, binding: Binding) -> None:
        """Bind a terminal, in place of what it had."""

    async def remove(self, endpoint: EndpointId) -> Binding | None:
        """Unbind a terminal and return what it had."""

    async def at(self, ip: IPAddress, now: datetime) -> Sequence[Binding]:
        """Return the bindings received from an address, ordered by endpoint."""

    async def page(self, after: EndpointId | None, limit: int, now: datetime) -> Sequence[Binding]:
        """Return at most `limit` bindings in the order of endpoints, those after `after`."""

    async def due(
        self, signaling_instance: str, interval: timedelta, limit: int, now: datetime
    ) -> Sequence[Binding]:
        """Return at most `limit` bindings of an instance that are to be checked now (AUT-08).

        Each is due again `interval` later, whoever asks.
        """

    async def expire(self, now: datetime) -> Sequence[Binding]:
        """Forget what has expired and return it, each binding once in the cluster."""

    async def count(self) -> int:
        """Return how many terminals are bound."""
