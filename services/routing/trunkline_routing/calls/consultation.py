"""Whom a phone shows that consults somebody about a transfer: itself, or whom it keeps on hold.

It pays and is checked as in any other call of its own (SIG-21, SS_CALL_TRANSFER_ASK_DISPLAY).
"""

from __future__ import annotations

from dataclasses import replace

from ..documents.forwarding import CallerDisplay
from ..model.callers import Caller
from ..view import View
from .call import Call


def as_consultation(call: Call, caller: Caller, view: View) -> Call:
    """Return a call as it is shown; `held` stays where it is that of whom the callee sees."""
    if not call.held or call.passed_on is not None:
        return call
    if (caller.consult_display or view.parameters.consult_display) is CallerDisplay.LOCAL:
        return replace(call, held="")
    shown = replace(
        call.identity,
        from_user=call.held,
        from_display="",
        remote_party_id_user="",
        asserted_identity="",
        preferred_identity="",
    )
    return replace(call, identity=shown)
