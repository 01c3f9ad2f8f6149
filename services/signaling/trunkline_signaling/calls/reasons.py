"""Why a call ended (MGT-04): reasons in words, the SIP status a caller hears, Q.850 causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from trunkline.common.v1.words import CallEndReason as CallEndReason

from ..sip.headers import Headers


class EndDirection(Enum):
    """Which side ended the call."""

    CALLER = 0
    CALLEE = 1
    SERVER = 2


SIP_STATUS: Final[Mapping[CallEndReason, int]] = {
    CallEndReason.USER_BUSY: 486,
    CallEndReason.NO_ANSWER: 480,
    CallEndReason.UNALLOCATED_NUMBER: 404,
    CallEndReason.NETWORK_CONGESTION: 503,
    CallEndReason.ROUTE_NOT_FOUND: 503,
    CallEndReason.RATE_NOT_FOUND: 403,
    CallEndReason.BALANCE_INSUFFICIENT: 402,
    CallEndReason.ACCOUNT_EXPIRED: 403,
    CallEndReason.ACCOUNT_DISABLED: 403,
    CallEndReason.CALLER_HANGUP: 487,
    CallEndReason.SERVER_FORCED_RELEASE: 503,
    CallEndReason.AUTHENTICATION_FAILED: 403,
    CallEndReason.BLACKLISTED: 403,
    CallEndReason.NUMBER_RESTRICTED: 403,
    CallEndReason.CAPACITY_EXCEEDED: 503,
    CallEndReason.RESPONSE_TIMEOUT: 408,
    CallEndReason.CONNECTION_TIMEOUT: 408,
    CallEndReason.CODEC_MISMATCH: 488,
    CallEndReason.PROTOCOL_LIMIT: 501,
    CallEndReason.FORWARD_LIMIT: 482,
    CallEndReason.INTERNAL_ERROR: 500,
}
"""Final status a caller hears when a call ends before its answer."""

_REASON_OF_STATUS: Final[Mapping[int, CallEndReason]] = {
    404: CallEndReason.UNALLOCATED_NUMBER,
    408: CallEndReason.RESPONSE_TIMEOUT,
    480: CallEndReason.NO_ANSWER,
    482: CallEndReason.FORWARD_LIMIT,
    486: CallEndReason.USER_BUSY,
    487: CallEndReason.NO_ANSWER,
    488: CallEndReason.CODEC_MISMATCH,
    500: CallEndReason.INTERNAL_ERROR,
    501: CallEndReason.PROTOCOL_LIMIT,
    503: CallEndReason.NETWORK_CONGESTION,
    600: CallEndReason.USER_BUSY,
    604: CallEndReason.UNALLOCATED_NUMBER,
    606: CallEndReason.CODEC_MISMATCH,
}

_CAUSE_OF_STATUS: Final[Mapping[int, int]] = {
    404: 1,
    408: 102,
    480: 18,
    486: 17,
    488: 65,
    500: 41,
    503: 34,
    603: 21,
}

_CAUSE_OF_REASON: Final[Mapping[CallEndReason, int]] = {
    CallEndReason.NORMAL_CLEARING: 16,
    CallEndReason.CALLER_HANGUP: 16,
    CallEndReason.CALLEE_HANGUP: 16,
    CallEndReason.SESSION_TIMEOUT: 102,
    CallEndReason.MEDIA_TIMEOUT: 102,
    CallEndReason.NO_ANSWER: 102,
    CallEndReason.RESPONSE_TIMEOUT: 102,
    CallEndReason.CONNECTION_TIMEOUT: 102,
}

CAUSE_NORMAL: Final = 16
CAUSE_USER_BUSY: Final = 17
CAUSE_INTERWORKING_OTHER: Final = 31
CAUSE_CONGESTION: Final = 42
CAUSE_ANSWERED_ELSEWHERE: Final = 26
_KNOWN_STATUS: Final = frozenset(SIP_STATUS.values()) | _CAUSE_OF_STATUS.keys()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The final status that a caller gets before any answer, and why."""

    reason: CallEndReason
    status: int
    failure_codes: Mapping[int, int]
    """Replaced codes (SIG-23)."""
    direction: EndDirection
    retry_after: int = 0
    """Seconds; 0 for none."""
    extra: Headers | None = None
    """Header fields that say what we could do instead."""


def spoken(reason: CallEndReason) -> str:
    """Return a reason as people read it."""
    return reason.name.replace("_", " ").capitalize()


def cause_of_reason(reason: CallEndReason) -> int:
    """Return the Q.850 cause that BYE and CANCEL carry: 16 normal, 102 timers, 31 other."""
    return _CAUSE_OF_REASON.get(reason, CAUSE_INTERWORKING_OTHER)


def cause_of_status(status: int) -> int:
    """Return the Q.850 cause of a vendor's code; 31 where the table has none."""
    return _CAUSE_OF_STATUS.get(status, CAUSE_INTERWORKING_OTHER)


def reason_of_status(status: int) -> CallEndReason:
    """Return the reason that comes nearest to a vendor's final code, which the CDR keeps too."""
    known = _REASON_OF_STATUS.get(status)
    if known is not None:
        return known
    if 400 <= status < 500:
        return CallEndReason.NO_ANSWER
    return CallEndReason.NETWORK_CONGESTION if status < 600 else CallEndReason.USER_BUSY


def status_for_caller(vendor_status: int) -> int:
    """Map a vendor's final code to the caller's: known ones pass, others go by class (MGT-04)."""
    if vendor_status in _KNOWN_STATUS or vendor_status in _REASON_OF_STATUS:
        return vendor_status
    if 400 <= vendor_status < 500:
        return 480
    return 603 if vendor_status >= 600 else 503


def replaced_status(status: int, failure_codes: Mapping[int, int]) -> int:
    """Apply the caller's replacement list (SIG-23): the exact code first, then code 0.

    A target of 0 means that the code stays as it is.
    """
    target = failure_codes.get(status)
    if target is None:
        target = failure_codes.get(0, 0)
    return target or status
