"""Whether the sides of an answered call could hear each other, by what the relay counted."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Final

from .cdr import Cdr

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
