"""DTMF of the legs: what is written of telephone-event (MED-07), which form of a key counts and
in which it is sent on (MED-06).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .formats import PayloadFormat
from .media_policy import DtmfPolicy

EVENTS: Final = "0-16"
"""Keys 0-9 * # A-D and flash (RFC 4733 section 3.2)."""
EVENT_RATE: Final = 8000


def event_to_offer(policy: DtmfPolicy, *, far_has_events: bool) -> PayloadFormat | None:
    """Return the telephone-event that a side is offered, if it is."""
    if policy.use_peer_ability and not far_has_events:
        return None
    return PayloadFormat(policy.payload_type, "telephone-event", EVENT_RATE, EVENTS)


def event_to_answer(
    policy: DtmfPolicy, offered: Sequence[PayloadFormat], clock_rate: int, far_has_events: bool
) -> PayloadFormat | None:
    """Return the telephone-event in an answer to a side: the one it offered, by its number."""
    events = [f for f in offered if f.is_event]
    if not events or (policy.use_peer_ability and not far_has_events):
        return None
    fitting = (f for f in events if f.clock_rate == clock_rate)  # RFC 4733 section 2.1
    return replace(next(fitting, events[0]), parameters=EVENTS)
