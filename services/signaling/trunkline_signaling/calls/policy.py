"""How routing wants each side of a call treated, and when it wants the search to stop.

Plain values: routing has resolved objects' own settings and parameters; "not said" is None.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Final

from .media_policy import (
    DEFAULT_DTMF,
    DEFAULT_G729,
    NO_PROMPTS,
    DtmfPolicy,
    G729Policy,
    Prompts,
    RingTone,
)
from .parties import Endpoint, Target


class MediaProxy(Enum):
    """Whether one side's media is relayed (MED-02)."""

    AUTO = auto()
    ON = auto()
    OFF = auto()
    MUST_ON = auto()


class MediaCheck(Enum):
    """RTP directions whose silence ends the call (MED-08)."""

    NONE = auto()
    SENT = auto()
    RECEIVED = auto()
    BOTH = auto()


class RemoteRingSignal(Enum):
    """What the caller sees while it rings (SIG-19)."""

    PASS_THROUGH = auto()
    SESSION_PROGRESS = auto()
    """183 with SDP."""
    RINGING = auto()
    """180 with SDP."""


class AddressMethod(Enum):
    """Where responses and in-dialog requests go (SIG-18)."""

    SOCKET = auto()
    """Source address and port of the request."""
    SOURCE_IP = auto()
    """Source IP with the port of Via (responses) or Contact (requests)."""
    HEADER = auto()
    """What Via or Contact says."""


@dataclass(frozen=True, slots=True)
class LegPolicy:
    """How one side of a call is treated."""

    media_proxy: MediaProxy | None = None
    """None: SS_MEDIAPROXYMODE decides."""
    media_check: MediaCheck = MediaCheck.NONE
    encrypt: bool = False
    record: bool = False
    remote_ring_signal: RemoteRingSignal = RemoteRingSignal.PASS_THROUGH
    response_address: AddressMethod = AddressMethod.SOCKET
    request_address: AddressMethod = AddressMethod.SOCKET
    codecs: tuple[str, ...] = ()
    """Codecs the side is held to, in order. Empty is automatic negotiation (MED-03)."""
    codec_conversion: bool = False
    """Voice may be converted, if the other side allows it too (MED-03)."""
    g729: G729Policy = DEFAULT_G729
    dtmf: DtmfPolicy = DEFAULT_DTMF
    session_timer: bool = True
    reliable_provisionals: bool = False
    """100rel is spoken to this side (SIG-19)."""
    t38: bool = False
    srtp: bool = False
    """SRTP with SDES keys is spoken to this side (RFC 4568)."""
    ring_tone: RingTone | None = None
    prompts: Prompts = NO_PROMPTS
    transfer: bool = False
    """REFER of this side is obeyed (SIG-21)."""
    state_report: bool = False
    """Where its calls stand is told to the outside (MGT-14)."""


DEFAULT_POLICY: Final = LegPolicy()


@dataclass(frozen=True, slots=True)
class SwitchPolicy:
    """Rules of failover that hold for the whole call (RTE-09, RTE-10)."""

    limit: int | None = None
    """Most switches after the first attempt; None is no limit."""
    until_connect: bool = False
    """Ringing and provisional SDP don't stop switching."""


@dataclass(frozen=True, slots=True)
class StopRules:
    """When a failure of one candidate ends the search, all settings resolved."""

    after_ringing: bool = True
    after_sdp: bool = True
    after_rtp: bool = True
    after_busy: bool = True
    after_invite_timeout: bool = False
    stop_codes: frozenset[int] = frozenset()
    continue_codes: frozenset[int] = frozenset()
    """SIP codes that never stop the search, 6xx too."""


@dataclass(frozen=True, slots=True)
class AttemptTimers:
    """Waits of one attempt (SIG-09, SIG-10). None means the global parameter."""

    invite: timedelta | None = None
    trying: timedelta | None = None
    session_progress: timedelta | None = None
    session_progress_sdp: timedelta | None = None
    ringing: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password for a vendor's challenge."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExtraHeaders:
    """Header fields of the caller's INVITE that go on though nothing here understands them."""

    all: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Forward:
    """Whom a phone passes a call on to (SIG-22)."""

    reason: str
    """As Diversion says it (RFC 5806)."""
    numbers: tuple[str, ...]
    """Several are called at once."""


NO_EXTRA_HEADERS: Final = ExtraHeaders()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to the callee: where it is, what is written into its INVITE, how it may fail."""

    attempt: int
    """Number of the attempt it is meant for, from 1."""
    endpoint: Endpoint
    targets: tuple[Target, ...] = ()
    """Addresses in order of preference. Empty for who registers: auth knows where it is."""
    clearing_account: str = ""
    request_uri_user: str = ""
    to_user: str = ""
    from_user: str = ""
    from_display: str = ""
    anonymous: bool = False
    privacy: str = ""
    asserted_identity: str = ""
    """A number, or a value that is passed through as received."""
    preferred_identity: str = ""
    remote_party_id: bool = False
    withheld: bool = False
    """The caller asks not to be shown: Remote-Party-ID says so."""
    extra_headers: ExtraHeaders = NO_EXTRA_HEADERS
    leg_b: LegPolicy = DEFAULT_POLICY
    timers: AttemptTimers = AttemptTimers()
    stop_rules: StopRules = StopRules()
    credentials: Credentials | None = None
    max_duration: timedelta | None = None
    """Longest talk time by the callee's side (SIG-25); None is no limit."""
    callee_account: str = ""
    domain: str = ""
    """Host of Request-URI, From and To where we are registered at the vendor (SIG-02)."""
    forward: Forward | None = None
    """The phone passes the call on: there is a new call of it instead of an INVITE to it."""
    clearing_uses_sent_number: bool = False
    """The clearing account is charged for the number as sent, not the billed one (RTE-02)."""
