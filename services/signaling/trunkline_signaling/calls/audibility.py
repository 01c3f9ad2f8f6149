"""Whether the sides of an answered call hear each other: while it lasts, and by what the relay
counted at its end."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Final

from .call import Call
from .cdr import Cdr
from .events import AudioBack, AudioMissing
from .policy import MediaCheck

SHORTEST: Final = timedelta(seconds=5)
"""Shorter calls may end before anybody has spoken."""


class Defect(Enum):
    """What was wrong."""

    NOTHING_FROM_A = "one-way audio: no RTP came from the caller"
    NOTHING_FROM_B = "one-way audio: no RTP came from the callee"
    DEAD_AIR = "dead air: no RTP came from either side"


def defect_of(cdr: Cdr) -> Defect | None:
    """Return what was wrong with a relayed call's audio, if something was."""
    if cdr.media is None or cdr.talk < SHORTEST:
        return None
    from_a, from_b = bool(cdr.media.leg_a.packets), bool(cdr.media.leg_b.packets)
    if not from_a and not from_b:
        return Defect.DEAD_AIR
    if from_a and from_b:
        return None
    return Defect.NOTHING_FROM_B if from_a else Defect.NOTHING_FROM_A


def missing(call: Call, event: AudioMissing) -> None:
    """Somebody is not heard. Only told: whether the call is released is MED-08's to say."""
    what = "dead air" if event.dead_air else "one-way audio"
    call.note(f"{what}: {_lack(event)} for {event.duration.total_seconds():.1f} s")


def back(call: Call, event: AudioBack) -> None:
    """Whoever was not heard is, or need not be."""
    call.note(f"audio is back: {_lack(event)} for {event.duration.total_seconds():.1f} s")


def _lack(event: AudioMissing | AudioBack) -> str:
    way = "to" if event.direction is MediaCheck.SENT else "from"
    return f"no RTP {way} leg {event.side.value}"
