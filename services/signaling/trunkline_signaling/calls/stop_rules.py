"""Whether a failed attempt ends the search for a way (RTE-09 to RTE-12, SIG-09)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .policy import StopRules, SwitchPolicy
from .reasons import (
    CAUSE_USER_BUSY,
    SIP_STATUS,
    CallEndReason,
    reason_of_status,
    status_for_caller,
)

BUSY: Final = frozenset({486, 600})


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed, and what the callee's side had shown before."""

    status: int = 0
    """Its final SIP status; 0 when it gave none in time."""
    q850_cause: int = 0
    own_reason: CallEndReason | None = None
    """Ours, where the callee gave none: which wait ran out, or what was missing here."""
    ringing: bool = False
    sdp: bool = False
    """A provisional response carried SDP."""
    rtp: bool = False
    """RTP of the callee was relayed."""
    bound: bool = False
    """The caller has got the callee's offer, and no other may follow it (RFC 3262 section 5)."""

    @property
    def busy(self) -> bool:
        """Tell whether the callee talks to somebody else (RTE-11)."""
        return self.status in BUSY or self.q850_cause == CAUSE_USER_BUSY

    @property
    def reason(self) -> CallEndReason:
        """Why the call ends, when this is its last attempt."""
        if self.own_reason is not None:
            return self.own_reason
        return CallEndReason.USER_BUSY if self.busy else reason_of_status(self.status)

    @property
    def status_for_caller(self) -> int:
        """What the caller hears, when this is the last attempt."""
        if self.own_reason is not None:
            return SIP_STATUS[self.own_reason]
        return 486 if self.busy else status_for_caller(self.status)


def stop_rule(
    failure: Failure, rules: StopRules, policy: SwitchPolicy, attempts: int
) -> str | None:
    """Return the rule that ends the search after this failure, or None to go on.

    `attempts` counts those made, the failed one included.
    """
    if failure.bound:
        return "the caller has the callee's offer"
    if failure.busy:
        if rules.after_busy:
            return "busy"
    elif failure.status >= 600 and failure.status not in rules.continue_codes:
        return "6xx"
    if failure.status in rules.stop_codes:
        return f"code {failure.status} of the gateway's list"
    if failure.rtp and rules.after_rtp:
        return "RTP was relayed"
    if not policy.until_connect:
        if failure.sdp and rules.after_sdp:
            return "provisional SDP"
        if failure.ringing and rules.after_ringing:
            return "ringing"
    if failure.own_reason is CallEndReason.CONNECTION_TIMEOUT and rules.after_invite_timeout:
        return "INVITE timeout"
    if policy.limit is not None and attempts > policy.limit:
        return f"switch limit {policy.limit}"
    return None
