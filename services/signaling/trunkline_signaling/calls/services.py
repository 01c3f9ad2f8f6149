"""What a call asks of auth, routing, billing and media, and what they answer.

A question is a frozen value that the shell carries to its service; the answer comes back to the
call as an event. A service that does not answer within its deadline comes back as `ServiceFailed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal, Protocol

from ..sip.flow import Address, Flow, Transport
from ..sip.sdp import Direction
from .cdr import Attempt, MediaStatistics
from .encryption import Protection
from .formats import PayloadFormat
from .legs import Side
from .parties import Binding, Endpoint, EndpointKind, Identity, Numbers, PassedOn
from .policy import DEFAULT_POLICY, Candidate, LegPolicy, MediaCheck, SwitchPolicy
from .reasons import CallEndReason

DEADLINE: Final = timedelta(seconds=1)
"""How long any of them may take (specification, section 0.9)."""

ServiceName = Literal["auth", "routing", "billing", "media"]

NO_CODES: Final[Mapping[int, int]] = MappingProxyType({})
NO_NUMBERS: Final = Numbers()
UNLIMITED_SWITCHES: Final = SwitchPolicy()


# --- auth ----------------------------------------------------------------------------------------


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


# --- routing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """Ask where a call goes: numbers, candidates, seats (RTE-01 to RTE-22)."""

    call_id: str
    signaling_instance: str
    endpoint: Endpoint
    source: Address
    identity: Identity
    setup_time: float
    passed_on: PassedOn | None = None


@dataclass(frozen=True, slots=True)
class Routed:
    """The call has candidates; the first has its seat."""

    numbers: Numbers
    account: str
    payer: EndpointKind | None
    first: Candidate
    leg_a: LegPolicy = DEFAULT_POLICY
    others: tuple[Endpoint, ...] = ()
    switch_policy: SwitchPolicy = UNLIMITED_SWITCHES
    max_duration: timedelta | None = None
    max_setup_duration: timedelta | None = None
    failure_codes: Mapping[int, int] = field(default_factory=dict)
    """Replaced failure codes of the caller's side (SIG-23); key 0 is any other code."""
    explanation_id: str = ""


@dataclass(frozen=True, slots=True)
class Unroutable:
    """The call goes nowhere, by routing's decision."""

    reason: CallEndReason
    status: int
    explanation: str
    numbers: Numbers = NO_NUMBERS
    account: str = ""
    payer: EndpointKind | None = None
    failure_codes: Mapping[int, int] = field(default_factory=dict)
    explanation_id: str = ""
    leg_a: LegPolicy = DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class NextCandidate:
    """Book a failed attempt and ask for the next way (RTE-09)."""

    call_id: str
    failed: Attempt


@dataclass(frozen=True, slots=True)
class NextFound:
    """The next candidate; it has its seat."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No candidate is left."""

    reason: CallEndReason
    status: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give back every seat of a call and book its outcome."""

    call_id: str
    last: Attempt | None
    talk: timedelta


@dataclass(frozen=True, slots=True)
class Released:
    """The seats are free."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who holds seats in one live call."""

    call_id: str
    caller: Endpoint | None
    """None for a call that a phone passed on, which takes no line of the phone."""
    callee: Endpoint | None


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """What this instance knows about a routing gateway (SIG-02, SIG-14, SIG-16)."""

    name: str
    reachable: bool | None = None
    """None where it is neither probed nor registered at from here."""
    published: int | None = None
    """Calls at once it published that it can take."""


# --- billing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Authorize:
    """Ask whether the account can pay, and reserve its first slice (BIL-04 to BIL-06)."""

    call_id: str
    signaling_instance: str
    account: str
    payer: EndpointKind | None
    caller: str
    callee: str
    endpoint: Endpoint
    setup_time: float
    callee_account: str = ""


@dataclass(frozen=True, slots=True)
class Authorized:
    """The call may begin."""

    max_duration: timedelta | None = None
    """Longest talk time the money allows."""
    reserved: timedelta | None = None
    """Talk time reserved by now; Extend is due before it is used up. None: nothing is reserved."""
    lease: timedelta | None = None
    """How long the reservation lives without an Extend."""
    summary: str = ""
    """Rate and price, for the trace."""


@dataclass(frozen=True, slots=True)
class Unpayable:
    """The call may not begin, by billing's decision."""

    reason: CallEndReason
    explanation: str
    of_callee: bool = False
    """It is the called phone's account that has no money (BIL-07)."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Keep the reservation ahead of a call in progress."""

    call_id: str
    elapsed: timedelta
    """Talk time so far; zero before the answer."""


@dataclass(frozen=True, slots=True)
class Extended:
    """How long the call may go on."""

    reserved: timedelta | None
    """Talk time reserved by now, counted from the answer."""
    end: timedelta | None = None
    """Talk time at which the call must end: the money is gone. None: more can be had."""
    lease: timedelta | None = None


# --- media ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LegDtmf:
    """What the relay does with keys of one leg: events end there and are told."""

    detect_inband: bool
    """Tones in the voice stream are told too; the voice goes on as it is."""
    send_inband: bool
    """Keys to this leg are tones, not events."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Nothing between RTP and the wire."""


@dataclass(frozen=True, slots=True)
class LegMedia:
    """Where one leg's media goes and how it is treated. None stays as it was."""

    remote: Address | None = None
    """Where its SDP says that it receives RTP."""
    remote_rtcp: Address | None = None
    latch: bool | None = None
    """Believe the source of packets over the SDP (MED-02)."""
    direction: Direction | None = None
    check: MediaCheck | None = None
    formats: tuple[PayloadFormat, ...] = ()
    relearn: bool = False
    """Restart source learning: a re-INVITE moved the device."""
    dtmf: LegDtmf | None = None
    protection: Protection | Plain | None = None
    fax: bool | None = None
    """The media is T.38 over UDPTL, not voice (MED-09)."""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Ask for a session of two legs."""

    call_id: str
    owner: str
    leg_a: LegMedia
    leg_b: LegMedia
    record: bool = False


@dataclass(frozen=True, slots=True)
class MediaOpened:
    """The session is open; these addresses go into the SDP."""

    instance: str
    leg_a: Address
    """Where the caller is to send."""
    leg_b: Address
    convertible: tuple[str, ...] = ()
    """Codecs that the instance converts into each other, most wanted first (MED-03)."""


@dataclass(frozen=True, slots=True)
class ConnectMedia:
    """Change legs of the session."""

    call_id: str
    instance: str
    leg_a: LegMedia | None = None
    leg_b: LegMedia | None = None
    answered: bool = False
    """The call is answered: from now on silence is watched."""


@dataclass(frozen=True, slots=True)
class MediaConnected:
    """The legs are changed."""


@dataclass(frozen=True, slots=True)
class CloseMedia:
    """End the session and ask for its statistics."""

    call_id: str
    instance: str


@dataclass(frozen=True, slots=True)
class MediaClosed:
    """What the session carried."""

    statistics: MediaStatistics | None = None


@dataclass(frozen=True, slots=True)
class SendDigits:
    """Send keys to one leg (MED-06)."""

    call_id: str
    instance: str
    side: Side
    digits: str
    """0-9 * # A-D, and ! for flash."""
    duration: timedelta
    """Of each, 40 to 8000 ms."""


@dataclass(frozen=True, slots=True)
class DigitsSent:
    """The keys are queued."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play an audio file or a tone to one leg, in place of what it hears and of what plays."""

    call_id: str
    instance: str
    side: Side
    audio: str
    """Name of a file, or "ringback", "busy", "silence"."""
    loop: bool = False
    max_duration: timedelta | None = None
    """None: 60 s, or as long as it is looped."""


@dataclass(frozen=True, slots=True)
class PlayBegun:
    """It plays. `length` is that of one round."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class StopPlay:
    """Play nothing to one leg."""

    call_id: str
    instance: str
    side: Side


@dataclass(frozen=True, slots=True)
class PlayStopped:
    """It is quiet."""


@dataclass(frozen=True, slots=True)
class MediaLoad:
    """How busy a media instance is."""

    instance: str
    sessions: int
    capacity: int
    busy: float
    """Busiest relay thread, 0.0 to 1.0 of a core."""
    draining: bool


# --- all -----------------------------------------------------------------------------------------

Question = (
    Admit
    | Route
    | NextCandidate
    | Release
    | Locate
    | Screen
    | ReportEnd
    | Authorize
    | Extend
    | OpenMedia
    | ConnectMedia
    | CloseMedia
    | SendDigits
    | Play
    | StopPlay
)

Answer = (
    Admission
    | Routed
    | Unroutable
    | NextFound
    | Exhausted
    | Released
    | Located
    | Screened
    | Blacklisted
    | EndReported
    | Authorized
    | Unpayable
    | Extended
    | MediaOpened
    | MediaConnected
    | MediaClosed
    | DigitsSent
    | PlayBegun
    | PlayStopped
)


@dataclass(frozen=True, slots=True)
class ServiceFailed:
    """A service gave no usable answer: away, too slow, or in error."""

    service: ServiceName
    question: Question
    explanation: str
    exhausted: bool = False
    """It is there but full: no media port is free (MED-13)."""
    unknown: bool = False
    """It is there but does not know the call."""


# --- what the shell needs of them ----------------------------------------------------------------


class ServiceError(Exception):
    """A service gave no usable answer to one question."""

    def __init__(self, explanation: str, *, exhausted: bool = False, unknown: bool = False) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self.exhausted = exhausted
        self.unknown = unknown


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


class RoutingService(Protocol):
    """Numbers, candidates and seats. Every method raises `ServiceError`."""

    async def route(self, question: Route) -> Routed | Unroutable:
        """Decide where a call goes."""

    async def next_candidate(self, question: NextCandidate) -> NextFound | Exhausted:
        """Book a failure and decide where it goes next."""

    async def release(self, question: Release) -> Released:
        """Free the seats."""

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        """Keep this instance's seats for 30 s; False when they are unknown there."""

    async def announce_seats(self, instance: str, epoch: str, seats: list[Seat]) -> None:
        """Tell a routing that has restarted which seats are taken."""

    async def report_gateways(self, instance: str, reports: Sequence[GatewayReport]) -> None:
        """Tell all that is known about gateways; it holds for 30 s."""


class BillingService(Protocol):
    """Money before and during a call. Every method raises `ServiceError`."""

    async def authorize(self, question: Authorize) -> Authorized | Unpayable:
        """Reserve the first slice."""

    async def extend(self, question: Extend) -> Extended:
        """Reserve the next slice."""


class MediaService(Protocol):
    """RTP sessions on one or several media instances. Every method raises `ServiceError`."""

    async def open(self, question: OpenMedia) -> MediaOpened:
        """Open a session on the instance that is least busy."""

    async def connect(self, question: ConnectMedia) -> MediaConnected:
        """Change legs."""

    async def close(self, question: CloseMedia) -> MediaClosed:
        """End a session."""

    async def send_digits(self, question: SendDigits) -> DigitsSent:
        """Send keys to a leg."""

    async def play(self, question: Play) -> PlayBegun:
        """Play to a leg."""

    async def stop_play(self, question: StopPlay) -> PlayStopped:
        """Play nothing to a leg."""
