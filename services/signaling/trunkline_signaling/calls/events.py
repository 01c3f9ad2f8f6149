"""What happens to a call. The answers of services (`services.Answer`) are events too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ..sip.dialog import Dialog
from ..sip.message import Request, Response
from ..sip.transactions import ServerTransaction
from .effects import Outgoing, Timer
from .legs import Side
from .media_policy import DtmfForm
from .policy import MediaCheck
from .services import Answer, ServiceFailed


@dataclass(frozen=True, slots=True)
class CancelReceived:
    """An INVITE was given up by its sender. The CANCEL itself is answered."""

    transaction: ServerTransaction
    """Of the INVITE."""


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request inside one of the call's dialogs, of any method but ACK."""

    side: Side
    transaction: ServerTransaction


@dataclass(frozen=True, slots=True)
class AckReceived:
    """An ACK for a 2xx of ours."""

    side: Side
    request: Request


@dataclass(frozen=True, slots=True)
class AckMissing:
    """Nobody acknowledged a 2xx of ours, however often it was repeated."""

    side: Side


@dataclass(frozen=True, slots=True)
class PrackMissing:
    """The caller did not acknowledge a reliable provisional response."""


@dataclass(frozen=True, slots=True)
class ResponseReceived:
    """A response to a request of ours."""

    outgoing: Outgoing
    response: Response
    dialog: Dialog | None = None
    """The dialog that a 1xx with a tag or a 2xx to INVITE belongs to."""


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request of ours got no final response, or could not be sent."""

    outgoing: Outgoing
    explanation: str
    status: int = 408
    """The final response that it amounts to."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer of the call has run out."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class FirstPacket:
    """The first RTP packet of a leg was relayed (MED-12)."""

    side: Side


@dataclass(frozen=True, slots=True)
class Silence:
    """A watched RTP direction was silent for the limit (MED-08)."""

    side: Side
    direction: MediaCheck


@dataclass(frozen=True, slots=True)
class AudioMissing:
    """Audio that is due on a leg is missing: one-way audio, or dead air."""

    side: Side
    direction: MediaCheck
    """Received: the device sends nothing. Sent: the other one does, and nothing of it goes on."""
    duration: timedelta
    dead_air: bool
    """Whether the other device sends nothing either."""


@dataclass(frozen=True, slots=True)
class AudioBack:
    """It is back, or no longer due, after `duration`."""

    side: Side
    direction: MediaCheck
    duration: timedelta


@dataclass(frozen=True, slots=True)
class Digit:
    """A key of a leg (MED-06)."""

    side: Side
    key: str
    """0-9 * # A-D, or ! for flash."""
    duration: timedelta
    form: DtmfForm
    time: float
    """UNIX seconds when it was let go; a repeat of the news has the same."""


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """What was played to a leg has come to its end."""

    side: Side
    audio: str


@dataclass(frozen=True, slots=True)
class MediaLost:
    """The media session is gone without our wish."""

    explanation: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """An operator, or the switch on its way out, ends the call."""

    explanation: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another call of ours is to take the place of a side (RFC 3891)."""

    side: Side
    transaction: ServerTransaction
    """Of its INVITE."""
    dialog: Dialog


@dataclass(frozen=True, slots=True)
class CdrStored:
    """The CDR is on disk."""


Event = (
    CancelReceived
    | RequestReceived
    | AckReceived
    | AckMissing
    | PrackMissing
    | ResponseReceived
    | RequestFailed
    | TimerFired
    | FirstPacket
    | Silence
    | AudioMissing
    | AudioBack
    | Digit
    | PlayEnded
    | MediaLost
    | HangUp
    | Replaced
    | CdrStored
    | Answer
    | ServiceFailed
)
