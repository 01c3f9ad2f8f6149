"""States, triggers and transitions of the transaction machines (RFC 3261 section 17, RFC 6026).

Nothing else may change a transaction's state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class State(Enum):
    """States of all four machines."""

    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    FORSAKEN = auto()
    """An INVITE whose user has given up waiting; an answer of its callee may still come."""
    ACCEPTED = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()

    __hash__ = object.__hash__  # Enum's own runs in Python, and every message looks a state up


class Trigger(Enum):
    """What moves them."""

    RECV_1XX = auto()
    RECV_2XX = auto()
    RECV_300_699 = auto()
    RECV_REQUEST = auto()
    RECV_ACK = auto()
    SEND_1XX = auto()
    SEND_2XX = auto()
    SEND_300_699 = auto()
    TIMED_OUT = auto()
    TRANSPORT_FAILED = auto()

    __hash__ = object.__hash__


Table = Mapping[State, Mapping[Trigger, State]]

INVITE_CLIENT: Final[Table] = {
    State.CALLING: {
        Trigger.RECV_1XX: State.PROCEEDING,
        Trigger.RECV_2XX: State.ACCEPTED,
        Trigger.RECV_300_699: State.COMPLETED,
        Trigger.TIMED_OUT: State.FORSAKEN,  # Timer B
        Trigger.TRANSPORT_FAILED: State.TERMINATED,
    },
    State.PROCEEDING: {
        Trigger.RECV_1XX: State.PROCEEDING,
        Trigger.RECV_2XX: State.ACCEPTED,
        Trigger.RECV_300_699: State.COMPLETED,
        Trigger.TIMED_OUT: State.FORSAKEN,  # cancelled, and no final response (section 9.1)
        Trigger.TRANSPORT_FAILED: State.TERMINATED,
    },
    State.FORSAKEN: {
        Trigger.RECV_1XX: State.FORSAKEN,
        Trigger.RECV_2XX: State.ACCEPTED,  # it wants an ACK however late it is (section 13.2.2.4)
        Trigger.RECV_300_699: State.COMPLETED,  # so does this
        Trigger.TIMED_OUT: State.TERMINATED,
    },
    State.ACCEPTED: {
        Trigger.RECV_1XX: State.ACCEPTED,
        Trigger.RECV_2XX: State.ACCEPTED,  # another copy, or another fork
        Trigger.RECV_300_699: State.ACCEPTED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer M
    },
    State.COMPLETED: {
        Trigger.RECV_1XX: State.COMPLETED,
        Trigger.RECV_2XX: State.COMPLETED,
        Trigger.RECV_300_699: State.COMPLETED,  # a copy; the ACK goes out again
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer D
    },
}

NON_INVITE_CLIENT: Final[Table] = {
    State.TRYING: {
        Trigger.RECV_1XX: State.PROCEEDING,
        Trigger.RECV_2XX: State.COMPLETED,
        Trigger.RECV_300_699: State.COMPLETED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer F
        Trigger.TRANSPORT_FAILED: State.TERMINATED,
    },
    State.PROCEEDING: {
        Trigger.RECV_1XX: State.PROCEEDING,
        Trigger.RECV_2XX: State.COMPLETED,
        Trigger.RECV_300_699: State.COMPLETED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer F
        Trigger.TRANSPORT_FAILED: State.TERMINATED,
    },
    State.COMPLETED: {
        Trigger.RECV_1XX: State.COMPLETED,
        Trigger.RECV_2XX: State.COMPLETED,
        Trigger.RECV_300_699: State.COMPLETED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer K
    },
}

INVITE_SERVER: Final[Table] = {
    State.PROCEEDING: {
        Trigger.RECV_REQUEST: State.PROCEEDING,  # a copy; the last response goes out again
        Trigger.SEND_1XX: State.PROCEEDING,
        Trigger.SEND_2XX: State.ACCEPTED,  # RFC 6026 section 7.1
        Trigger.SEND_300_699: State.COMPLETED,
    },
    State.ACCEPTED: {
        Trigger.RECV_REQUEST: State.ACCEPTED,  # absorbed: the dialog repeats its 2xx
        Trigger.RECV_ACK: State.ACCEPTED,  # passed up to the dialog
        Trigger.SEND_2XX: State.ACCEPTED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer L
    },
    State.COMPLETED: {
        Trigger.RECV_REQUEST: State.COMPLETED,
        Trigger.RECV_ACK: State.CONFIRMED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer H: no ACK came
    },
    State.CONFIRMED: {
        Trigger.RECV_REQUEST: State.CONFIRMED,
        Trigger.RECV_ACK: State.CONFIRMED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer I
    },
}

NON_INVITE_SERVER: Final[Table] = {
    State.TRYING: {
        Trigger.RECV_REQUEST: State.TRYING,
        Trigger.SEND_1XX: State.PROCEEDING,
        Trigger.SEND_2XX: State.COMPLETED,
        Trigger.SEND_300_699: State.COMPLETED,
    },
    State.PROCEEDING: {
        Trigger.RECV_REQUEST: State.PROCEEDING,
        Trigger.SEND_1XX: State.PROCEEDING,
        Trigger.SEND_2XX: State.COMPLETED,
        Trigger.SEND_300_699: State.COMPLETED,
    },
    State.COMPLETED: {
        Trigger.RECV_REQUEST: State.COMPLETED,
        Trigger.TIMED_OUT: State.TERMINATED,  # Timer J
    },
}
