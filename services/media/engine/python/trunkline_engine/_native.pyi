"""The engine's Rust half. Compared with the built module by `mypy.stubtest`."""

from collections.abc import Sequence
from datetime import timedelta
from os import PathLike
from typing import ClassVar, final

__all__ = [
    "Audio",
    "AudioBack",
    "AudioMissing",
    "Digit",
    "Direction",
    "Engine",
    "FirstPacket",
    "KernelPathRefused",
    "LegCounters",
    "LegSettings",
    "Load",
    "PlayEnded",
    "PortsExhausted",
    "Protection",
    "RecordingFailed",
    "Resumed",
    "SessionCounters",
    "Side",
    "Silence",
    "SourceLearned",
    "UnknownSession",
    "VoiceFormat",
]

class KernelPathRefused(Exception):
    """Packets can't be relayed in the kernel: what that lacks, and what to do."""

class PortsExhausted(Exception):
    """No pair of ports, or no socket, is free for a leg."""

class UnknownSession(LookupError):
    """The session has been closed, or never was."""

@final
class Side:
    """One of a session's two legs."""

    A: ClassVar[Side]
    B: ClassVar[Side]
    def __int__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Direction:
    """Which way packets go on a leg: from the peer to us, or from us to it."""

    RECEIVED: ClassVar[Direction]
    SENT: ClassVar[Direction]
    def __int__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class VoiceFormat:
    """A voice codec on one leg by its SDP, `a=fmtp` included, and the packets it is asked for in.

    Converted voice comes in packets of `packet_time`; without it, or where the codec can't, in
    those of the other leg. Raises ValueError for a rate of zero.
    """

    def __new__(
        cls,
        encoding: str,
        payload_type: int,
        clock_rate: int = 8000,
        packet_time: timedelta | None = None,
        parameters: str = "",
    ) -> VoiceFormat: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class LegSettings:
    """What an offer or answer settles about a leg.

    `hint` is where the peer's signaling comes from: behind a NAT, its media should too. Silence and
    missing audio are judged only where a limit is given. With `fax`, the media is UDPTL (MED-09).
    Legs whose voice formats differ are converted. With `receive_events`, telephone events end here
    and are told as Digits; with `receive_inband`, so are tones in the voice, which goes on as it
    is; with `forward_digits`, the other leg's are sent to this one. Raises ValueError for what is
    no address, port or rate.
    """

    def __new__(
        cls,
        *,
        remote: tuple[str, int] | None = None,
        remote_rtcp: tuple[str, int] | None = None,
        hint: str | None = None,
        learn_source: bool = False,
        fax: bool = False,
        rtcp_mux: bool = False,
        voice: VoiceFormat | None = None,
        telephone_event: int | None = None,
        receive_events: bool = False,
        receive_inband: bool = False,
        forward_digits: bool = False,
        digits_inband: bool = False,
        silence_received: timedelta | None = None,
        silence_sent: timedelta | None = None,
        audio_received: timedelta | None = None,
        audio_sent: timedelta | None = None,
    ) -> LegSettings: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Protection:
    """A cipher with its keys, which never come out again. Raises ValueError for bad keys.

    The first three are the payload encryption of MED-01. SRTP keys are the master key followed by
    the master salt, as `a=crypto` has them (RFC 4568).
    """

    @staticmethod
    def xor(key: bytes) -> Protection: ...
    @staticmethod
    def rc4(key: bytes) -> Protection: ...
    @staticmethod
    def aes128(key: bytes) -> Protection: ...
    @staticmethod
    def srtp(suite: str, send_key: bytes, receive_key: bytes) -> Protection: ...

@final
class Audio:
    """Mono sound of 16-bit little-endian samples. Raises ValueError for what is none."""

    def __new__(cls, samples: bytes, sample_rate: int) -> Audio: ...
    @property
    def length(self) -> timedelta: ...

@final
class Engine:
    """The relay: ports, sessions, and the threads that have them.

    Times in facts are nanoseconds since 1970. Every method returns at once; what the threads have
    to say comes up through `poll`, and `fileno` is readable when there is something.
    """

    def __new__(
        cls,
        addresses: Sequence[str],
        first_port: int,
        last_port: int,
        *,
        quarantine: timedelta = ...,
        threads: int = 1,
        type_of_service: int = 0,
        kernel_path: Sequence[str] = ...,
        parked_sessions: int = 0,
    ) -> Engine:
        """Start the threads.

        At the interfaces of `kernel_path` plain streams are relayed in the kernel. Up to
        `parked_sessions` ended sessions leave their four sockets, bound, to those to come. Raises
        KernelPathRefused.
        """

    def open(
        self, a: LegSettings, b: LegSettings, *, address_a: int = 0, address_b: int = 0
    ) -> tuple[int, int, int]:
        """Open a session and return its number and the RTP ports of leg A and leg B.

        RTCP has the port above each. Raises PortsExhausted.
        """

    def update(
        self,
        session: int,
        a: LegSettings,
        b: LegSettings,
        *,
        relearn_a: bool = False,
        relearn_b: bool = False,
    ) -> None:
        """Take a new offer or answer for either leg, or both. Raises UnknownSession."""

    def protect(self, session: int, side: Side, protection: Protection | None) -> None:
        """Let a leg wear another cipher on the wire, or none. Raises UnknownSession."""

    def play(
        self,
        session: int,
        side: Side,
        audio: Audio,
        *,
        looped: bool = False,
        limit: timedelta | None = None,
    ) -> None:
        """Play a sound to a leg in place of what it would hear. Raises UnknownSession."""

    def record(self, session: int, path: str | PathLike[str]) -> None:
        """Record both legs to a new stereo WAV file, leg A on the left. Raises UnknownSession.

        A file that can't be written comes up as RecordingFailed.
        """

    def stop_play(self, session: int, side: Side) -> None:
        """Play nothing to a leg. Raises UnknownSession."""

    def send_digit(self, session: int, side: Side, key: str, duration: timedelta) -> None:
        """Send a digit after those being sent. Raises UnknownSession; ValueError for no key."""

    def converts(self, from_: VoiceFormat, to: VoiceFormat, /) -> bool:
        """Return whether voice of one format can be made voice of the other."""

    def codecs(self) -> list[tuple[str, bool, str]]:
        """Return each codec that a library brings, whether it is here, and its Debian package.

        Where Debian has none, the package is empty.
        """

    def query(self, session: int) -> None:
        """Ask for the counters, which come up as SessionCounters. Raises UnknownSession."""

    def close(self, session: int) -> None:
        """End a session; its SessionCounters come up with `closed`. Raises UnknownSession."""

    def hurry(self) -> None:
        """End the sessions that were closed now, all with one wake-up of their thread."""

    def poll(self) -> list[_Fact]:
        """Return every fact that has come up since the last call."""

    def fileno(self) -> int:
        """Return the descriptor that is readable when there are facts."""

    def load(self) -> Load:
        """Return how busy the engine is."""

    def change_ports(self, first_port: int, last_port: int) -> None:
        """Use other ports for sessions opened from now on. Raises ValueError (MED-13)."""

    def change_type_of_service(self, type_of_service: int) -> None:
        """Mark the packets of sessions opened from now on with another TOS byte."""

@final
class Load:
    """How busy the engine is: `busy` is each thread's share of a core over the last second."""

    sessions: int
    pairs: int
    pairs_available: int
    pairs_parked: int
    """Free or in quarantine, with sockets that stay bound."""
    busy: list[float]
    datagrams: int
    """Received since the start, in the kernel too."""
    flows: int
    """Streams that the kernel relays now."""
    offloaded: int
    """Datagrams that the kernel has relayed."""
    passed_up: int
    """Datagrams by which a flow ended: the kernel could not relay them."""
    recording_lost: int

@final
class FirstPacket:
    """The first RTP packet of a leg came (MED-12)."""

    session: int
    unix_nanos: int
    side: Side
    source: tuple[str, int]

@final
class SourceLearned:
    """A leg's packets go to this address from now on (MED-02)."""

    session: int
    unix_nanos: int
    side: Side
    source: tuple[str, int]

@final
class Silence:
    """A direction has been silent for over its limit (MED-08)."""

    session: int
    unix_nanos: int
    side: Side
    direction: Direction
    duration: timedelta

@final
class Resumed:
    """Packets again, after a silence that was told."""

    session: int
    unix_nanos: int
    side: Side
    direction: Direction

@final
class AudioMissing:
    """Audio that is due is missing: one-way audio, or dead air.

    RECEIVED: the peer sends nothing. SENT: the other peer does, and nothing of it goes to this one.
    """

    session: int
    unix_nanos: int
    side: Side
    direction: Direction
    duration: timedelta
    dead_air: bool
    """The other peer sends nothing either."""

@final
class AudioBack:
    """Audio is back, or no longer due, and for how long it was missing."""

    session: int
    unix_nanos: int
    side: Side
    direction: Direction
    duration: timedelta

@final
class Digit:
    """A key of the peer (MED-06)."""

    session: int
    unix_nanos: int
    side: Side
    key: str
    duration: timedelta
    inband: bool

@final
class PlayEnded:
    """What was playing to a leg has come to its end."""

    session: int
    unix_nanos: int
    side: Side

@final
class RecordingFailed:
    """A session's recording can't be written, and why."""

    session: int
    unix_nanos: int
    problem: str

@final
class LegCounters:
    """What one leg carried: from its peer, dropped by reason, and to its peer."""

    received_packets: int
    received_bytes: int
    received_rtcp_packets: int
    lost: int
    reordered: int
    duplicates: int
    jitter: timedelta
    jitter_max: timedelta
    last_packet_unix_nanos: int | None
    round_trip: timedelta | None
    malformed: int
    oversized: int
    stranger: int
    unauthentic: int
    replayed: int
    undeliverable: int
    sent_packets: int
    sent_bytes: int
    sent_rtcp_packets: int
    send_failed: int
    sent_lost: int | None
    """As the peer last told; None when it has told nothing."""
    sent_jitter: timedelta

@final
class SessionCounters:
    """The counters of both legs: asked for, or the last ones of a session that is closed."""

    session: int
    unix_nanos: int
    closed: bool
    a: LegCounters
    b: LegCounters

_Fact = (
    FirstPacket
    | SourceLearned
    | Silence
    | Resumed
    | AudioMissing
    | AudioBack
    | Digit
    | PlayEnded
    | RecordingFailed
    | SessionCounters
)
