"""How far an unanswered attempt has come, and how long it may stay there (SIG-09, SIG-10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from .policy import AttemptTimers
from .reasons import CallEndReason


class Progress(IntEnum):
    """Steps of an attempt, in the order in which they are passed; any of them may be skipped."""

    INVITED = 0
    TRYING = 1
    SESSION_PROGRESS = 2
    SESSION_PROGRESS_SDP = 3
    RINGING = 4

    @property
    def timeout_reason(self) -> CallEndReason:
        """Why an attempt ends that stays here for too long."""
        if self is Progress.INVITED:
            return CallEndReason.CONNECTION_TIMEOUT
        if self <= Progress.SESSION_PROGRESS:
            return CallEndReason.RESPONSE_TIMEOUT
        return CallEndReason.NO_ANSWER


def reached(status: int, has_sdp: bool) -> Progress:
    """Return the step that a provisional response stands for."""
    if status == 100:
        return Progress.TRYING
    if status in (180, 181, 182):
        return Progress.RINGING
    return Progress.SESSION_PROGRESS_SDP if has_sdp else Progress.SESSION_PROGRESS


def advance(current: Progress, status: int, has_sdp: bool) -> Progress:
    """Return where a provisional response takes an attempt; it never goes back."""
    return max(current, reached(status, has_sdp))


@dataclass(frozen=True, slots=True)
class ProgressLimits:
    """The SS_SIP_TIMEOUT_* parameters: how long an attempt may stay at each step."""

    invite: timedelta = timedelta(seconds=10)
    trying: timedelta = timedelta(seconds=20)
    session_progress: timedelta = timedelta(seconds=20)
    session_progress_sdp: timedelta = timedelta(seconds=120)
    ringing: timedelta = timedelta(seconds=120)

    def of(self, step: Progress, own: AttemptTimers) -> timedelta:
        """Return the limit of a step; the gateway's own value wins over the parameter."""
        match step:
            case Progress.INVITED:
                return own.invite or self.invite
            case Progress.TRYING:
                return own.trying or self.trying
            case Progress.SESSION_PROGRESS:
                return own.session_progress or self.session_progress
            case Progress.SESSION_PROGRESS_SDP:
                return own.session_progress_sdp or self.session_progress_sdp
            case Progress.RINGING:
                return own.ringing or self.ringing


DEFAULT_LIMITS: Final = ProgressLimits()
