"""A leg whose place another call of ours takes: attended transfer (SIG-21, RFC 3891)."""

from __future__ import annotations

from ..sip.fields import Reason
from . import established, glare, refresh, session_timer
from .call import Call
from .effects import EndDialog, Reply
from .events import Replaced
from .legs import Leg
from .negotiation import Negotiation
from .reasons import CAUSE_NORMAL
from .referral import INNER_POLICY, Replacement, TransferState


def replaced(call: Call, event: Replaced) -> None:
    """Another call of ours is to take the place of a leg: ask the far side (RFC 3891)."""
    request = event.transaction.request
    if glare.session_moves(call):
        call.emit(Reply(event.transaction, request.reply(491)))
        call.emit(EndDialog(event.dialog))
        return
    old = call.leg(event.side)
    new = Leg(event.side, call.random.getrandbits(31), event.dialog, INNER_POLICY)
    new.relay = old.relay
    new.note_allow(request.headers)
    new.timer = session_timer.accepted(request.headers, call.settings.timers)
    call.replacement = Replacement(old, new, event.transaction)
    call.set_leg(new)
    established.pass_offer(call, new, event.transaction)
    if call.negotiation is None:  # the offer was of no use
        restore(call, call.replacement)


def settled(call: Call, negotiation: Negotiation, *, agreed: bool) -> None:
    """The far side has answered: the new leg stays, or the old one does."""
    replacement = call.replacement
    if replacement is None or replacement.transaction is not negotiation.transaction:
        return
    if agreed:
        call.replacement = None
        call.transfer_state = TransferState.TRANSFERRED
        part(call, replacement.old)
        refresh.renewed(call, replacement.new, replacement.new.timer)
    else:
        restore(call, replacement)


def restore(call: Call, replacement: Replacement) -> None:
    """Leave the old leg in its place."""
    call.replacement = None
    call.set_leg(replacement.old)
    if replacement.new.dialog is not None:
        call.emit(EndDialog(replacement.new.dialog))


def part(call: Call, leg: Leg) -> None:
    """End the dialog of a side whose place is taken."""
    refresh.stop(call, leg.side)
    if leg.dialog is not None:
        reason = str(Reason.of("Q.850", CAUSE_NORMAL))
        call.send_bye(leg.dialog, leg.side, reason, leg.credentials)
        call.emit(EndDialog(leg.dialog))
        leg.dialog = None
