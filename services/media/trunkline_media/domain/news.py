"""What the relay's facts mean to a session's owner."""

from typing import assert_never

from trunkline_engine import AudioBack, AudioMissing, Digit, FirstPacket, PlayEnded, Side, Silence
from trunkline_engine import Direction as Way

from .events import (
    AudioCameBack,
    AudioEnded,
    AudioWentMissing,
    ClosedUnasked,
    DigitPressed,
    FellSilent,
    FirstPacketCame,
    Happening,
    SessionEvent,
    time_of,
)
from .legs import DigitForm, LegName, MediaAddress, MediaCheck
from .session import Session

LegFact = FirstPacket | Silence | AudioMissing | AudioBack | Digit | PlayEnded


def event_on_leg(session: Session, fact: LegFact) -> SessionEvent:
    """Return what happened on a leg. What was playing there and has ended is forgotten."""
    leg = LegName.A if fact.side == Side.A else LegName.B
    happening = _happening(session, leg, fact)
    return SessionEvent(session.session_id, session.owner, time_of(fact.unix_nanos), happening, leg)


def event_of_close(session: Session, unix_nanos: int) -> SessionEvent:
    """Return that a session was closed without its owner's wish."""
    closed = ClosedUnasked(session.explanation)
    return SessionEvent(session.session_id, session.owner, time_of(unix_nanos), closed)


def _happening(session: Session, leg: LegName, fact: LegFact) -> Happening:
    match fact:
        case FirstPacket():
            return FirstPacketCame(MediaAddress(*fact.source))
        case Silence():
            return FellSilent(_direction(fact.direction), fact.duration)
        case AudioMissing():
            return AudioWentMissing(_direction(fact.direction), fact.duration, fact.dead_air)
        case AudioBack():
            return AudioCameBack(_direction(fact.direction), fact.duration)
        case Digit():
            form = DigitForm.INBAND if fact.inband else DigitForm.RFC4733
            return DigitPressed(fact.key, fact.duration, form)
        case PlayEnded():
            return AudioEnded(session.playing.pop(leg, ""))
        case _:
            assert_never(fact)


def _direction(way: Way) -> MediaCheck:
    return MediaCheck.SENT if way == Way.SENT else MediaCheck.RECEIVED
