"""The life of a call as one table. Nothing else changes a call's state.

`docs/call-states.md` is drawn from it by `diagram`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class State(Enum):
    """Where a call stands."""

    ADMITTING = "admitting"
    """auth says who calls."""
    ROUTING = "routing"
    """routing says where to."""
    PREPARING = "preparing"
    """billing, media and, for a terminal, auth get ready for the attempt, side by side."""
    INVITING = "inviting"
    """The callee has our INVITE."""
    SWITCHING = "switching"
    """The attempt failed; routing says where to next."""
    ANNOUNCING = "announcing"
    """No attempt is left; the caller hears why before it gets its final status (MED-10)."""
    CONNECTED = "connected"
    """Answered."""
    ENDING = "ending"
    """Over for both sides; the services give their last answers and the CDR is written."""
    ENDED = "ended"
    """The CDR is durable. Only late messages still find the call."""

    __hash__ = object.__hash__  # Enum's own runs in Python, and every event looks a state up


class Trigger(Enum):
    """What moves a call."""

    ADMITTED = "admitted"
    TURNED_AWAY = "challenged or dropped"
    ROUTED = "routed"
    READY = "ready"
    FAILED = "attempt failed"
    NEXT = "next candidate"
    ANSWERED = "answered"
    ANNOUNCED = "prompt wanted"
    END = "refused, given up or hung up"
    RECORDED = "CDR durable"

    __hash__ = object.__hash__


TRANSITIONS: Final[Mapping[State, Mapping[Trigger, State]]] = {
    State.ADMITTING: {
        Trigger.ADMITTED: State.ROUTING,
        Trigger.TURNED_AWAY: State.ENDED,  # no call came about, so there is no CDR
        Trigger.END: State.ENDING,
    },
    State.ROUTING: {
        Trigger.ROUTED: State.PREPARING,
        Trigger.ANNOUNCED: State.ANNOUNCING,
        Trigger.END: State.ENDING,
    },
    State.PREPARING: {
        Trigger.READY: State.INVITING,
        Trigger.ANNOUNCED: State.ANNOUNCING,
        Trigger.FAILED: State.SWITCHING,  # the terminal is offline, or no port is free
        Trigger.END: State.ENDING,
    },
    State.INVITING: {
        Trigger.ANSWERED: State.CONNECTED,
        Trigger.FAILED: State.SWITCHING,
        Trigger.ANNOUNCED: State.ANNOUNCING,
        Trigger.END: State.ENDING,
    },
    State.SWITCHING: {
        Trigger.NEXT: State.PREPARING,
        Trigger.ANNOUNCED: State.ANNOUNCING,
        Trigger.END: State.ENDING,
    },
    State.ANNOUNCING: {
        Trigger.END: State.ENDING,
    },
    State.CONNECTED: {
        Trigger.END: State.ENDING,
    },
    State.ENDING: {
        Trigger.RECORDED: State.ENDED,
    },
    State.ENDED: {},
}


def diagram() -> str:
    """Return the table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.ADMITTING.value}"]
    for state, moves in TRANSITIONS.items():
        lines += [f"    {state.value} --> {to.value}: {t.value}" for t, to in moves.items()]
    lines.append(f"    {State.ENDED.value} --> [*]")
    return "\n".join(lines)
