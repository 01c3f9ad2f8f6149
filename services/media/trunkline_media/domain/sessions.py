"""The sessions of this instance: opened once, changed by offers and answers, closed once.

Everything is idempotent by the session's id. Closing ends with the relay's last counters, which
come up as a fact; a repeat within `REMEMBERED` gets the same statistics again.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final, assert_never

from trunkline_engine import (
    AudioBack,
    AudioMissing,
    Digit,
    Fact,
    FirstPacket,
    PlayEnded,
    PortsExhausted,
    RecordingFailed,
    Resumed,
    SessionCounters,
    Side,
    Silence,
    SourceLearned,
)

from ..errors import (
    CapacityExceeded,
    Draining,
    InvalidRequest,
    NoCodec,
    NotConvertible,
    SessionEnded,
    SessionNotFound,
)
from .events import (
    Outcome,
    RecordingLost,
    SessionEnd,
    SessionProgress,
    SessionStatistics,
)
from .leases import Leases
from .legs import (
    Leg,
    LegChange,
    LegName,
    MediaAddress,
    SilenceLimits,
    protection,
)
from .news import event_of_close, event_on_leg
from .session import Addresses, LocalAddress, Opening, Playing, Relay, Session

REMEMBERED: Final = 60.0
"""Seconds for which a closed session's statistics are kept for a repeat."""

MISSING_AUDIO: Final = timedelta(seconds=10)
"""For how long audio may be missing, unless the service is told otherwise."""

KEYS: Final = frozenset("0123456789*#ABCD!")
SHORTEST_DIGIT: Final = timedelta(milliseconds=40)
LONGEST_DIGIT: Final = timedelta(milliseconds=8000)

NOTHING_SAID: Final = LegChange()
NEW_LEG: Final = Leg()
NEW_LEGS: Final = {LegName.A: NEW_LEG, LegName.B: NEW_LEG}

SIDES: Final = {LegName.A: Side.A, LegName.B: Side.B}


class Sessions:
    """The table of sessions. Times are seconds of one monotonic clock."""

    def __init__(
        self,
        relay: Relay,
        addresses: Addresses,
        leases: Leases | None = None,
        missing_audio: timedelta = MISSING_AUDIO,
    ) -> None:
        """`missing_audio` is how long audio may be missing before that is told."""
        self._relay = relay
        self._addresses = addresses
        self._leases = leases or Leases()
        self._missing_audio = missing_audio
        self._open: dict[str, Session] = {}
        self._by_number: dict[int, Session] = {}
        self._by_owner: dict[str, set[str]] = {}
        self._ended: dict[str, tuple[float, SessionStatistics]] = {}
        self._never_opened: dict[str, float] = {}
        """Sessions that were closed before they were opened, and until when they are known."""
        self.draining = False

    def __len__(self) -> int:
        return len(self._open)

    def open(self, opening: Opening, now: float) -> Session:
        """Open a session, or return the one that has this id.

        Raises `Draining`, `CapacityExceeded`, `SessionEnded`, `InvalidRequest`.
        """
        if not opening.session_id or not opening.owner:
            raise InvalidRequest("session_id and owner are required")
        if (session := self._open.get(opening.session_id)) is not None:
            return session
        if opening.session_id in self._ended or opening.session_id in self._never_opened:
            raise SessionEnded(f"session {opening.session_id} has been closed")
        if self.draining:
            raise Draining
        self._hear(opening.owner, opening.epoch, now)
        session = self._place(opening)
        self._open[session.session_id] = self._by_number[session.number] = session
        self._by_owner.setdefault(session.owner, set()).add(session.session_id)
        return session

    def connect(
        self, session_id: str, changes: Mapping[LegName, LegChange], *, answered: bool
    ) -> None:
        """Change legs. Raises `SessionNotFound`, `InvalidRequest`."""
        session = self._find(session_id)
        legs = {name: session.legs[name].changed(change) for name, change in changes.items()}
        if not session.answered:  # afterwards, offer and answer of a re-INVITE come one by one
            self._check_codecs(session.legs | legs)
        self._protect(session.number, session.legs, legs)
        session.legs.update(legs)
        session.answered = session.answered or answered
        self._relay.update(
            session.number,
            session.settings(LegName.A),
            session.settings(LegName.B),
            relearn_a=changes.get(LegName.A, NOTHING_SAID).relearn,
            relearn_b=changes.get(LegName.B, NOTHING_SAID).relearn,
        )

    def play(self, session_id: str, playing: Playing) -> None:
        """Play a sound to a leg in place of what it would hear.

        Raises `SessionNotFound`, `NoCodec`.
        """
        session = self._find(session_id)
        codec = session.codec(playing.leg)
        if codec is None or not self._relay.converts(codec.format, codec.format):
            raise NoCodec(f"leg {playing.leg} has no codec that can be played to")
        session.playing[playing.leg] = playing.name
        self._relay.play(
            session.number,
            SIDES[playing.leg],
            playing.audio,
            looped=playing.looped,
            limit=playing.limit,
        )

    def stop_play(self, session_id: str, leg: LegName) -> None:
        """Play nothing to a leg. Raises `SessionNotFound`."""
        session = self._find(session_id)
        session.playing.pop(leg, None)
        self._relay.stop_play(session.number, SIDES[leg])

    def send_digits(self, session_id: str, leg: LegName, digits: str, duration: timedelta) -> None:
        """Send digits to a leg, one after the other. Raises `SessionNotFound`, `InvalidRequest`."""
        session = self._find(session_id)
        if not digits or not set(digits.upper()) <= KEYS:
            raise InvalidRequest(f"digits {digits!r}: expected 0-9, *, #, A-D or !")
        if not SHORTEST_DIGIT <= duration <= LONGEST_DIGIT:
            raise InvalidRequest(f"digit_duration {duration}: expected 40 to 8000 ms")
        for key in digits:
            self._relay.send_digit(session.number, SIDES[leg], key, duration)

    def close(self, session_id: str, now: float) -> SessionStatistics | None:
        """Close a session. None: its statistics will come with a fact.

        Raises `SessionNotFound`; an Open that is still on its way will then find the session ended.
        """
        if (ended := self._ended.get(session_id)) is not None:
            return ended[1]
        if session_id not in self._open:
            self._never_opened[session_id] = now + REMEMBERED
        self._close(self._find(session_id))
        return None

    def query(self, session_id: str) -> None:
        """Ask for what a session has carried so far, which comes with a fact.

        Raises `SessionNotFound`.
        """
        self._relay.query(self._find(session_id).number)

    def renew(self, owner: str, epoch: str, now: float) -> int:
        """Take an owner's sign of life, and return how many sessions it has."""
        if not owner:
            raise InvalidRequest("owner is required")
        self._hear(owner, epoch, now)
        return sum(not self._open[name].closing for name in self._by_owner.get(owner, ()))

    def expire(self, now: float) -> None:
        """Close the sessions of owners that are gone, and forget what ended long ago."""
        for owner in self._leases.lapsed(now):
            self._close_all(owner, "its owner was not heard of for 30 s")
        self._forget(now)

    def learn(self, fact: Fact, now: float) -> Iterator[Outcome]:
        """Take a fact of the relay, and yield what follows from it."""
        session = self._by_number.get(fact.session)
        if session is None:
            return
        match fact:
            case FirstPacket() | Silence() | AudioMissing() | AudioBack() | Digit() | PlayEnded():
                if not session.closing:
                    yield event_on_leg(session, fact)
            case RecordingFailed():
                yield RecordingLost(session.session_id, fact.problem)
            case SessionCounters(closed=True):
                yield self._end(session, fact, now)
                if session.explanation:
                    yield event_of_close(session, fact.unix_nanos)
            case SessionCounters():
                yield SessionProgress.of(session.session_id, fact, session.encoding)
            case SourceLearned() | Resumed():
                return
            case _:
                assert_never(fact)

    def is_open(self, session_id: str) -> bool:
        """Whether the session is open and is not being closed."""
        session = self._open.get(session_id)
        return session is not None and not session.closing

    def _place(self, opening: Opening) -> Session:
        legs = {
            name: leg.changed(opening.legs[name]) if name in opening.legs else leg
            for name, leg in NEW_LEGS.items()
        }
        for leg in legs.values():
            protection(leg.encryption)  # refused before any port is taken
        self._check_codecs(legs)
        a, b = legs[LegName.A], legs[LegName.B]
        local_a, local_b = self._towards(a, b), self._towards(b, a)
        try:
            number, port_a, port_b = self._relay.open(
                a.settings(b, None),
                b.settings(a, None),
                address_a=local_a.index,
                address_b=local_b.index,
            )
        except PortsExhausted as error:
            raise CapacityExceeded(str(error)) from None
        self._protect(number, NEW_LEGS, legs)
        if opening.recording is not None:
            self._relay.record(number, opening.recording)
        local = {
            LegName.A: MediaAddress(local_a.advertised, port_a),
            LegName.B: MediaAddress(local_b.advertised, port_b),
        }
        limits = SilenceLimits(opening.silence_limit, self._missing_audio)
        return Session(opening.session_id, opening.owner, number, local, limits, legs)

    def _check_codecs(self, legs: Mapping[LegName, Leg]) -> None:
        """Refuse two codecs that can't be converted into each other (MED-03)."""
        leg_a, leg_b = legs[LegName.A], legs[LegName.B]
        a, b = leg_a.codec(leg_b), leg_b.codec(leg_a)
        if a is None or b is None or a.kind == b.kind:
            return
        ways = (a.format, b.format), (b.format, a.format)
        if not all(self._relay.converts(*way) for way in ways):
            raise NotConvertible(f"{a.encoding} and {b.encoding} cannot be converted here")

    def _protect(
        self, number: int, before: Mapping[LegName, Leg], after: Mapping[LegName, Leg]
    ) -> None:
        """Tell the relay of ciphers that change. The same keys again don't begin anew."""
        for name, leg in after.items():
            if leg.encryption != before[name].encryption:
                self._relay.protect(number, SIDES[name], protection(leg.encryption))

    def _towards(self, leg: Leg, other: Leg) -> LocalAddress:
        """Choose a leg's local address. A peer not yet known is taken to be near the other one."""
        remote = leg.remote or other.remote
        return self._addresses.towards(remote.ip if remote else None)

    def _find(self, session_id: str) -> Session:
        session = self._open.get(session_id)
        if session is None:
            raise SessionNotFound(f"session {session_id} is not open here")
        return session

    def _hear(self, owner: str, epoch: str, now: float) -> None:
        if self._leases.hear(owner, epoch, now):
            self._close_all(owner, "its owner has restarted")

    def _close_all(self, owner: str, explanation: str) -> None:
        for session_id in self._by_owner.get(owner, ()):
            session = self._open[session_id]
            if not session.closing:
                session.explanation = explanation
            self._close(session)

    def _close(self, session: Session) -> None:
        if not session.closing:
            session.closing = True
            self._relay.close(session.number)

    def _end(self, session: Session, counters: SessionCounters, now: float) -> SessionEnd:
        statistics = SessionStatistics.of(counters, session.encoding)
        self._ended[session.session_id] = (now + REMEMBERED, statistics)
        del self._open[session.session_id], self._by_number[session.number]
        self._by_owner[session.owner].discard(session.session_id)
        if not self._by_owner[session.owner]:
            del self._by_owner[session.owner]
        return SessionEnd(session.session_id, statistics)

    def _forget(self, now: float) -> None:
        """Drop what is no longer remembered: the oldest come first."""
        while self._ended and (oldest := next(iter(self._ended))):
            if self._ended[oldest][0] > now:
                break
            del self._ended[oldest]
        while self._never_opened and (oldest := next(iter(self._never_opened))):
            if self._never_opened[oldest] > now:
                break
            del self._never_opened[oldest]
