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
    BOUND_NUMBER = "bound number"
    """Pays for calls only."""


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


class Passing(StrEnum):
    """How a phone passes a call on."""

    FORWARDED = "forwarded"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class Diversion:
    """A phone that has forwarded a call, and why (RFC 5806)."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class PassedOn:
    """What a new call of a phone takes over from the one that it passes on (SIG-21, SIG-22)."""

    phone: Endpoint
    """Whose call the new one is, and who pays for it."""
    how: Passing
    screened: bool
    """The numbers are to be screened, as those of the first call were."""
    caller_address: Address
    """Where the first call came from."""
    diversions: tuple[Diversion, ...] = ()
    """Who has forwarded it, the first one first."""


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
