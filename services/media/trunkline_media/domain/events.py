"""What happens on sessions, told to their owners (MED-12), and what a session carried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from trunkline_engine import LegCounters, SessionCounters

from .legs import DigitForm, LegName, MediaAddress, MediaCheck
from .quality import mean_opinion_score

MILLISECOND: Final = timedelta(milliseconds=1)

Codecs = Callable[[LegName], str]
"""Names the codec of each leg. Empty while unknown."""

DROP_REASONS: Final = (
    "malformed",
    "oversized",
    "stranger",
    "unauthentic",
    "replayed",
    "undeliverable",
)


@dataclass(frozen=True, slots=True)
class FirstPacketCame:
    """The first RTP packet of a leg since its peer was signaled."""

    source: MediaAddress


@dataclass(frozen=True, slots=True)
class FellSilent:
    """A watched direction was silent for the limit."""

    direction: MediaCheck
    duration: timedelta


@dataclass(frozen=True, slots=True)
class AudioWentMissing:
    """Audio that is due is missing: one-way audio, or dead air. Told once for each time."""

    direction: MediaCheck
    """Received: the device sends nothing. Sent: the other one does, and nothing of it goes on."""
    duration: timedelta
    dead_air: bool
    """Whether the other device sends nothing either."""


@dataclass(frozen=True, slots=True)
class AudioCameBack:
    """Audio is back, or no longer due. `duration` is for how long it was missing."""

    direction: MediaCheck
    duration: timedelta


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """A key of a device (MED-06)."""

    key: str
    duration: timedelta
    form: DigitForm


@dataclass(frozen=True, slots=True)
class AudioEnded:
    """What was playing has ended by itself."""

    audio: str


@dataclass(frozen=True, slots=True)
class ClosedUnasked:
    """The session was closed without its owner's wish."""

    explanation: str


Happening = (
    FirstPacketCame
    | FellSilent
    | AudioWentMissing
    | AudioCameBack
    | DigitPressed
    | AudioEnded
    | ClosedUnasked
)


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One happening. `leg` is None for the session as a whole."""

    session_id: str
    owner: str
    time: datetime
    happening: Happening
    leg: LegName | None = None


@dataclass(frozen=True, slots=True)
class StreamStatistics:
    """What one leg sent us."""

    packets: int
    bytes: int
    packets_lost: int
    jitter: timedelta
    packets_reordered: int
    dropped: Mapping[str, int]
    """Datagrams that were not relayed, by reason."""
    round_trip: timedelta | None
    """Between us and the device, as RTCP last told it."""
    mos: float
    """1.0 to 4.5; zero when nothing came."""
    last_packet_time: datetime | None

    @property
    def packets_dropped(self) -> int:
        """Datagrams that were not relayed."""
        return sum(self.dropped.values())

    @classmethod
    def of(cls, counters: LegCounters, encoding: str, way: timedelta) -> Self:
        """Return the statistics behind a leg's `counters`.

        `way` is the round trip over both legs, which every word makes half of.
        """
        packets = counters.received_packets
        expected = packets + counters.lost
        loss = counters.lost / expected if expected else 0.0
        last = counters.last_packet_unix_nanos
        return cls(
            packets=packets,
            bytes=counters.received_bytes,
            packets_lost=counters.lost,
            jitter=counters.jitter,
            packets_reordered=counters.reordered,
            dropped={reason: getattr(counters, reason) for reason in DROP_REASONS},
            round_trip=counters.round_trip,
            mos=_score(encoding, loss, way, counters.jitter) if packets else 0.0,
            last_packet_time=None if last is None else time_of(last),
        )


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    """What a session carried, by the leg that sent it."""

    leg_a: StreamStatistics
    leg_b: StreamStatistics

    @classmethod
    def of(cls, counters: SessionCounters, codecs: Codecs) -> Self:
        """Return the statistics behind a session's `counters`."""
        way = _way(counters)
        return cls(
            StreamStatistics.of(counters.a, codecs(LegName.A), way),
            StreamStatistics.of(counters.b, codecs(LegName.B), way),
        )


@dataclass(frozen=True, slots=True)
class SentStatistics:
    """What one leg was sent."""

    packets: int
    bytes: int
    packets_failed: int
    """Packets that the system refused to send."""
    packets_lost: int | None
    """As the device last told by RTCP. None when it has told nothing."""
    jitter: timedelta
    mos: float
    """1.0 to 4.5, by what the device has told; zero when it has told nothing."""

    @classmethod
    def of(cls, counters: LegCounters, encoding: str, way: timedelta) -> Self:
        """Return what a leg's `counters` say of its sent direction."""
        lost = counters.sent_lost
        loss = (lost or 0) / max(counters.sent_packets, 1)
        score = _score(encoding, loss, way, counters.sent_jitter)
        return cls(
            packets=counters.sent_packets,
            bytes=counters.sent_bytes,
            packets_failed=counters.send_failed,
            packets_lost=lost,
            jitter=counters.sent_jitter,
            mos=0.0 if lost is None else score,
        )


@dataclass(frozen=True, slots=True)
class SessionProgress:
    """What an open session has carried so far, in both directions of each leg."""

    session_id: str
    received: SessionStatistics
    sent_a: SentStatistics
    sent_b: SentStatistics

    @classmethod
    def of(cls, session_id: str, counters: SessionCounters, codecs: Codecs) -> Self:
        """Return what a session's `counters` say."""
        way = _way(counters)
        return cls(
            session_id,
            SessionStatistics.of(counters, codecs),
            SentStatistics.of(counters.a, codecs(LegName.A), way),
            SentStatistics.of(counters.b, codecs(LegName.B), way),
        )


@dataclass(frozen=True, slots=True)
class RecordingLost:
    """A session's recording can't be written. The call goes on."""

    session_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """A session is over, by whoever's wish."""

    session_id: str
    statistics: SessionStatistics


Outcome = SessionEvent | SessionProgress | SessionEnd | RecordingLost
"""What follows from a fact of the relay."""


def time_of(unix_nanos: int) -> datetime:
    """Return the instant, to the microsecond."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=unix_nanos // 1000)


def _way(counters: SessionCounters) -> timedelta:
    """Return the round trip over both legs, as far as it is known."""
    trips = (leg.round_trip or timedelta(0) for leg in (counters.a, counters.b))
    return sum(trips, timedelta(0))


def _score(encoding: str, loss: float, way: timedelta, jitter: timedelta) -> float:
    return mean_opinion_score(encoding, loss, way / MILLISECOND, jitter / MILLISECOND)
