"""One side of a call: its dialog, and the session description each end saw last."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ..sip.dialog import Dialog
from ..sip.flow import Address, Flow
from ..sip.headers import Headers
from .cdr import Attempt
from .encryption import KeyExchange, PayloadEncryption
from .formats import NOTHING_LISTED, Listing, PayloadFormat
from .media_policy import DtmfForm
from .policy import DEFAULT_POLICY, Credentials, LegPolicy
from .session_timer import TimerTerms


class Side(Enum):
    """The two sides of a call."""

    A = "A"
    """The caller's."""
    B = "B"
    """The callee's."""

    __hash__ = object.__hash__

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.B if self is Side.A else Side.A


@dataclass(slots=True, eq=False)
class Leg:
    """One side."""

    side: Side
    session_id: int
    """Of the o= line we write to this side (RFC 8866 section 5.2)."""
    dialog: Dialog | None = None
    policy: LegPolicy = DEFAULT_POLICY
    source: Flow | None = None
    """Where the peer's first message came from, when that is not where requests go (SIG-18)."""
    behind_nat: bool = False
    received: bytes = b""
    """The peer's last session description, as it came."""
    sent: bytes = b""
    """Ours to the peer."""
    version: int = 1
    """Of the o= line in `sent`."""
    relay: Address | None = None
    """Where the media relay waits for this side's RTP."""
    codec: str = ""
    """Agreed, as it is written to this side; empty while unknown."""
    offered: Listing = NOTHING_LISTED
    """What this side listed in its last offer."""
    listed: tuple[str, ...] = ()
    """Codecs of its last description."""
    formats: tuple[PayloadFormat, ...] = ()
    """What is agreed with this side, the voice codec first."""
    attempt: Attempt | None = None
    """Of leg B: the attempt that brought it."""
    early: Dialog | None = None
    """Of leg B, before the answer: the dialog whose description the caller has seen last."""
    credentials: Credentials | None = None
    """Ours at this side."""

    allow: frozenset[str] = frozenset()
    """Methods of the peer's Allow, in lower case."""
    key_form: DtmfForm | None = None
    """The form in which the peer's first key came: no other counts any more (MED-06)."""
    last_key_time: float = 0.0
    """Of the last key that the relay told."""
    keys: KeyExchange = field(default_factory=KeyExchange)
    """Of SRTP, where it is spoken to this side."""
    encryption: PayloadEncryption | None = None
    """Of MED-01, where this side has it."""
    media_address: Address | None = None
    """Where the peer's last description says that it receives RTP."""
    timer: TimerTerms | None = None
    """What is agreed about the session timer; None on a leg without one (SIG-03)."""
    expires: float = 0.0
    """When its session ends unless it is refreshed, in the call's time."""
    refused_update: bool = False
    """It refused an UPDATE: refreshes are re-INVITEs for good (SIG-04 rule 3)."""

    def note_allow(self, headers: Headers) -> None:
        """Learn from a message of the peer which requests it takes."""
        if "Allow" in headers:
            self.allow = headers.tokens("Allow")

    @property
    def takes_update(self) -> bool:
        """Tell whether the peer takes UPDATE, as far as we know."""
        return "update" in self.allow and not self.refused_update
