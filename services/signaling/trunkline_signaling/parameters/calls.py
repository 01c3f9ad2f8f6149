"""How long calls wait and last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from trunkline_kernel.faults import FieldViolation
from trunkline_kernel.parameters import (
    IntOrWordParameter,
    IntParameter,
    Parameters,
)

from ..calls.progress import ProgressLimits
from ..calls.session_timer import TimerParameters
from .spans import seconds, wait

TIMEOUT_INVITE: Final = wait(
    "SS_SIP_TIMEOUT_INVITE", 10, 120, "Wait for the first response to INVITE (SIG-09)."
)
TIMEOUT_TRYING: Final = wait(
    "SS_SIP_TIMEOUT_TRYING", 20, 300, "Wait for progress after 100 (SIG-10)."
)
TIMEOUT_SESSION_PROGRESS: Final = wait(
    "SS_SIP_TIMEOUT_SESSION_PROGRESS", 20, 300, "Wait after 183 without SDP (SIG-10)."
)
TIMEOUT_SESSION_PROGRESS_SDP: Final = wait(
    "SS_SIP_TIMEOUT_SESSION_PROGRESS_SDP", 120, 600, "Wait after 183 with SDP (SIG-10)."
)
TIMEOUT_RINGING: Final = wait(
    "SS_SIP_TIMEOUT_RINGING", 120, 600, "Wait for the answer after 180 (SIG-10)."
)
SESSION_TTL: Final = seconds(
    "SS_SIP_SESSION_TTL",
    600,
    60,
    86400,
    "Session-Expires we offer, and the most we accept (SIG-03).",
)
SESSION_MIN_SE: Final = seconds(
    "SS_SIP_SESSION_MIN_SE", 90, 90, 3600, "Least Session-Expires accepted; less gets 422 (SIG-03)."
)
SESSION_UPDATE_SEGMENT: Final = IntParameter(
    "SS_SIP_SESSION_UPDATE_SEGMENT",
    default=2,
    minimum=2,
    maximum=10,
    unit="divisor",
    scope="sip",
    meaning="A session is refreshed this many times in each Session-Expires (SIG-04).",
)
SESSION_TIMEOUT_EARLY_HANGUP: Final = seconds(
    "SS_SIP_SESSION_TIMEOUT_EARLY_HANGUP",
    0,
    0,
    3600,
    "How long before its expiry a session that nobody refreshed is released (SIG-05).",
)
NO_TIMER_REINVITE_INTERVAL: Final = seconds(
    "SS_SIP_NO_TIMER_REINVITE_INTERVAL",
    7200,
    0,
    86400,
    "Longest talk of a caller without session timer; 0 is no limit (SIG-06).",
)
MAX_CALL_DURATION: Final = IntOrWordParameter(
    "SS_MAX_CALL_DURATION",
    default=None,
    minimum=1,
    maximum=86400,
    word="None",
    unit="s",
    scope="system",
    meaning="Longest talk time where a gateway or phone has no limit of its own (SIG-25).",
)

PARAMETERS: Final = (
    TIMEOUT_INVITE,
    TIMEOUT_TRYING,
    TIMEOUT_SESSION_PROGRESS,
    TIMEOUT_SESSION_PROGRESS_SDP,
    TIMEOUT_RINGING,
    SESSION_TTL,
    SESSION_MIN_SE,
    SESSION_UPDATE_SEGMENT,
    SESSION_TIMEOUT_EARLY_HANGUP,
    NO_TIMER_REINVITE_INTERVAL,
    MAX_CALL_DURATION,
)


def margin_fits(values: Parameters) -> Iterable[FieldViolation]:
    """Check that sessions live before they are given up (SIG-05)."""
    ttl = values[SESSION_TTL]
    if values[SESSION_TIMEOUT_EARLY_HANGUP] >= ttl:
        margin = SESSION_TIMEOUT_EARLY_HANGUP.name
        yield FieldViolation(margin, f"must be less than {SESSION_TTL.name}, which is {ttl}")


def progress_limits(values: Parameters) -> ProgressLimits:
    """Return the waits of an attempt."""
    return ProgressLimits(
        timedelta(seconds=values[TIMEOUT_INVITE]),
        timedelta(seconds=values[TIMEOUT_TRYING]),
        timedelta(seconds=values[TIMEOUT_SESSION_PROGRESS]),
        timedelta(seconds=values[TIMEOUT_SESSION_PROGRESS_SDP]),
        timedelta(seconds=values[TIMEOUT_RINGING]),
    )


def timer_parameters(values: Parameters) -> TimerParameters:
    """Return how session timers are negotiated and kept."""
    return TimerParameters(
        values[SESSION_TTL],
        values[SESSION_MIN_SE],
        values[SESSION_UPDATE_SEGMENT],
        values[SESSION_TIMEOUT_EARLY_HANGUP],
        values[NO_TIMER_REINVITE_INTERVAL],
    )


def max_duration(values: Parameters) -> timedelta | None:
    """Return the longest talk time of a side without a limit of its own."""
    seconds = values[MAX_CALL_DURATION]
    return None if seconds is None else timedelta(seconds=seconds)
