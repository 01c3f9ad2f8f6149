"""Who calls and who is called, and where they are on the network."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..sip.flow import Address, Transport


class EndpointKind(StrEnum):
    """Kinds of configured objects a call comes from or goes to."""

    MAPPING_GATEWAY = "mapping gateway"
    ROUTING_GATEWAY = "routing gateway"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One configured object of auth and routing."""

    kind: EndpointKind
    name: str
    """Unique within its kind; for a phone, its number."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """Where an INVITE can be sent."""

    host: str
    """Host name or IP address."""
    port: int = 0
    """0 means by DNS, or the transport's default."""
    transport: Transport = Transport.UDP
    registered: bool = False
    """Whether it is a terminal, reached along the connection its REGISTER came on."""

    @property
    def domain(self) -> str:
        """What the peer's certificate has to prove (RFC 5922). Empty: no connection is opened."""
        return "" if self.registered or self.transport is not Transport.TLS else self.host


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a registered terminal can be reached (SIG-24)."""

    contact: str
    """URI as registered; the Request-URI of calls to it."""
    received_address: Address
    """Where its REGISTER came from; where calls go (RFC 3581)."""
    transport: Transport
    behind_nat: bool
    signaling_instance: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything in an INVITE that can name the caller or the callee (SIG-20)."""

    from_user: str = ""
    from_display: str = ""
    to_user: str = ""
    request_uri_user: str = ""
    diversion_user: str = ""
    remote_party_id_user: str = ""
    asserted_identity: str = ""
    """P-Asserted-Identity as received."""
    preferred_identity: str = ""
    """P-Preferred-Identity as received."""
    privacy: str = ""
    """Privacy as received."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of a call at the stages of RTE-02."""

    caller_access: str = ""
    """Caller as taken from the headers."""
    callee_access: str = ""
    caller: str = ""
    """Caller as billed: after dial plan and transform of the caller's side."""
    callee: str = ""
    stages: tuple[str, ...] = ()
    """What each stage did, in words, for the trace."""
