"""Whom a phone keeps on hold while it makes another call, perhaps to consult about a transfer.

What that call shows is routing's to decide (SIG-21, SS_CALL_TRANSFER_ASK_DISPLAY).
"""

from __future__ import annotations

from .call import Call
from .legs import Side
from .parties import Endpoint
from .session import holds
from .transfer import endpoint_of


class PhoneCalls:
    """Answered calls of phones that may transfer."""

    def __init__(self) -> None:
        self._calls: dict[Endpoint, dict[str, tuple[Call, Side]]] = {}

    def begin(self, call: Call) -> None:
        """Take up a call that is answered."""
        for side in Side:
            if call.leg(side).policy.transfer:
                self._calls.setdefault(endpoint_of(call, side), {})[call.id] = call, side

    def end(self, call: Call) -> None:
        """Forget a call, which may be none of these."""
        if not self._calls or not call.answered:
            return
        for side in Side:
            phone = endpoint_of(call, side)
            calls = self._calls.get(phone, {})
            if calls.pop(call.id, None) is not None and not calls:
                del self._calls[phone]

    def held_by(self, phone: Endpoint) -> str:
        """Return the number of whom a phone keeps on hold, the last one first; empty if nobody."""
        for call, side in reversed(self._calls.get(phone, {}).values()):
            leg = call.leg(side)
            if leg.policy.transfer and holds(leg) and (number := _number_of_other(call, side)):
                return number
        return ""


def _number_of_other(call: Call, side: Side) -> str:
    """Return the other side's number, unless it is withheld from this one."""
    if side is Side.A:
        return call.cdr.callee
    assert call.attempt is not None
    candidate = call.attempt.candidate
    return "" if candidate.anonymous or candidate.withheld else call.cdr.caller
