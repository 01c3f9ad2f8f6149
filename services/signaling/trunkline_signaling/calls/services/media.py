"""What is asked of media, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple, Protocol

from ...sip.flow import Address
from ...sip.sdp import Direction
from ..cdr import MediaStatistics
from ..encryption import Protection
from ..formats import PayloadFormat
from ..legs import Side
from ..policy import MediaCheck


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


class LegMedia(NamedTuple):
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
