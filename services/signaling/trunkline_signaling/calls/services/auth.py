"""What is asked of auth, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from ...sip.flow import Address, Flow, Transport
from ..parties import Binding, Endpoint
from ..reasons import CallEndReason


@dataclass(frozen=True, slots=True)
class Admit:
    """Ask who a request comes from and whether it may go on (AUT-01 to AUT-05)."""

    method: str
    source: Address
    transport: Transport
    local_address: Address
    request_uri: str
    from_user: str
    from_host: str
    to_user: str
    to_host: str
    sip_call_id: str
    authorization: tuple[str, ...] = field(default=(), repr=False)
    proxy_authorization: tuple[str, ...] = field(default=(), repr=False)
    user_agent: str = ""
    branch: str = ""
    """Of the topmost Via: tells a repeat of the question from a replay of the credentials."""
    call_id: str = ""
    """The call that the request begins; empty outside of one."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The source is known and may go on."""

    endpoint: Endpoint | None
    """None where it is known by name alone: nothing is proven, and no call can come of it."""
    screened: bool = False
    """The call is to be screened by its numbers once it is routed (AUT-13)."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """The source must prove itself."""

    status: int
    """401 or 407."""
    challenges: tuple[str, ...]
    """Values of WWW-Authenticate (401) or Proxy-Authenticate (407), strongest first."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The source is refused."""

    status: int
    reason: CallEndReason = CallEndReason.AUTHENTICATION_FAILED
    explanation: str = ""
    """For trace and log; never sent to the source."""
    unknown_source: bool = False
    """The answer carries no Server header (AUT-01)."""
    min_expires: int = 0
    """Min-Expires of a 423 answer to REGISTER, in seconds."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The request gets no answer at all."""

    explanation: str


Admission = Allowed | Challenged | Rejected | Dropped


@dataclass(frozen=True, slots=True)
class RegisterContact:
    """One Contact of a REGISTER."""

    uri: str
    expires: int | None = None
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """Ask to admit a REGISTER and to change the binding in one step (SIG-24)."""

    admit: Admit
    contacts: tuple[RegisterContact, ...]
    expires: int | None
    via_sent_by: Address
    signaling_instance: str
    cseq: int


@dataclass(frozen=True, slots=True)
class RegisteredContact:
    """One Contact of the 200 answer."""

    uri: str
    expires: timedelta
    instance_id: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """The registration stands as listed."""

    contacts: tuple[RegisteredContact, ...]


Registration = Registered | Challenged | Rejected | Dropped


@dataclass(frozen=True, slots=True)
class Locate:
    """Ask where a terminal is."""

    call_id: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Located:
    """Reachable bindings, the freshest first. Empty: offline."""

    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Terminal:
    """A registered terminal whose flow this instance holds."""

    endpoint: Endpoint
    contact: str
    """URI as registered."""
    flow: Flow
    """The way its REGISTER came, back."""
    expires: float
    """UNIX seconds."""


@dataclass(frozen=True, slots=True)
class DueChecks:
    """Whom to check now (AUT-08)."""

    terminals: tuple[Terminal, ...]
    interval: float
    """Seconds between two checks of one."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a terminal found."""

    endpoint: Endpoint
    contact: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """Ask whether what its numbers did before stops a call (AUT-09 to AUT-13)."""

    call_id: str
    caller: str
    callee: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Screened:
    """Nothing stops it."""


@dataclass(frozen=True, slots=True)
class Blacklisted:
    """One of its numbers is on the dynamic black list."""

    explanation: str


@dataclass(frozen=True, slots=True)
class ReportEnd:
    """Tell how a screened call ended, which frees its caller's seat (AUT-11, AUT-12)."""

    screen: Screen
    answered: bool
    reached: bool
    """It was sent to somebody."""
    busy: bool
    cancelled_after: timedelta | None
    """When the caller gave up; None if not the caller did."""


@dataclass(frozen=True, slots=True)
class EndReported:
    """auth knows."""


class AuthService(Protocol):
    """Identities and registrations. Every method raises `ServiceError`."""

    async def admit(self, question: Admit) -> Admission:
        """Identify the source of one request."""

    async def register(self, question: Register) -> Registration:
        """Admit a REGISTER and change the binding."""

    async def locate(self, question: Locate) -> Located:
        """Return where a terminal is."""

    async def screen(self, question: Screen) -> Screened | Blacklisted:
        """Judge a call by its numbers, and count it."""

    async def report_end(self, question: ReportEnd) -> EndReported:
        """Take note of how a screened call ended."""


class TerminalService(Protocol):
    """Who is registered, for those who keep them in reach. Every method raises `ServiceError`."""

    async def registered(self, instance: str, *, behind_nat: bool) -> Sequence[Terminal]:
        """Return the terminals whose flow an instance holds; only those behind NAT if so asked."""

    async def due_checks(self, instance: str) -> DueChecks:
        """Return whom an instance is to check now."""

    async def report_checks(self, found: Sequence[Checked]) -> None:
        """Tell what checks found."""
