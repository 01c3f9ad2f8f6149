"""Several INVITEs of one attempt at once: the first 2xx has the call (SIG-22, simultaneous).

The attempt's current INVITE is the one that spoke last; the others are its rivals.
"""

from __future__ import annotations

from ..sip.message import Response
from .call import Call
from .effects import Cancel, Outgoing
from .live_attempt import LiveAttempt


def turn_to(attempt: LiveAttempt, outgoing: Outgoing) -> None:
    """Make the INVITE the current one, if it is one of the attempt's."""
    if outgoing in attempt.rivals and attempt.outgoing is not None:
        attempt.rivals.remove(outgoing)
        attempt.rivals.append(attempt.outgoing)
        attempt.outgoing = outgoing


def lost(attempt: LiveAttempt, response: Response | None = None) -> bool:
    """Drop the current INVITE, which has failed; tell whether another one is still out."""
    if response is not None:
        attempt.refusals.append(response)
    if not attempt.rivals:
        return False
    attempt.outgoing = attempt.rivals.pop()
    return True


def best_refusal(attempt: LiveAttempt) -> Response:
    """Return what speaks for all: 6xx before the lowest class (RFC 3261 section 16.7, step 6)."""
    return min(attempt.refusals, key=lambda each: (each.status < 600, each.status))


def give_up_rivals(call: Call, attempt: LiveAttempt, reason: str) -> None:
    """Cancel all but the current INVITE; one that answers all the same gets a BYE."""
    for outgoing in attempt.rivals:
        outgoing.abandoned = True
        outgoing.request.headers.set("Reason", reason)
        call.emit(Cancel(outgoing))
    attempt.rivals.clear()
