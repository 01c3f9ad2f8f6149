"""Which requests cross another one that changes the same session (RFC 3261 section 14)."""

from __future__ import annotations

from ..sip.message import Request
from .call import Call
from .legs import Side


def session_moves(call: Call) -> bool:
    """Tell whether an offer is on its way, or a side is about to be another."""
    waits = call.negotiation, call.delayed_ack, call.transfer, call.replacement
    return any(one is not None for one in waits)


def is_busy(call: Call, side: Side, request: Request) -> bool:
    """Tell whether an offer has to wait for another one, or for a refresh of its way's end."""
    if session_moves(call):
        return True
    ours = call.refreshes.get(side)
    return ours is not None and _cross(ours.request, request)


def meets_ours(call: Call, side: Side, request: Request) -> bool:
    """Tell whether a request crosses one of ours to the same side (SIG-04 rule 7, RFC 3311)."""
    open_ones = [call.refreshes.get(side)]
    if call.negotiation is not None and call.negotiation.side is not side:
        open_ones.append(call.negotiation.outgoing)
    return any(ours is not None and _cross(ours.request, request) for ours in open_ones)


def _cross(ours: Request, theirs: Request) -> bool:
    return ours.method == theirs.method or bool(ours.body and theirs.body)
