"""Requests of either side inside a dialog of a call that is not answered."""

from __future__ import annotations

from . import attempts, digits, early_offers, ending, provisional
from .call import Call
from .effects import Reply
from .events import RequestReceived
from .legs import Side
from .reasons import CallEndReason, EndDirection


def received(call: Call, event: RequestReceived) -> None:
    """A request of a side: BYE ends the call, what has nowhere to go yet has to wait."""
    transaction = event.transaction
    match transaction.request.method:
        case "BYE" if event.side is Side.A:
            call.unanswered_byes.append(transaction)
            attempts.give_up(call, "cancelled", CallEndReason.CALLER_HANGUP)
            ending.refuse(call, CallEndReason.CALLER_HANGUP, 487, direction=EndDirection.CALLER)
        case "BYE":
            call.emit(Reply(transaction, transaction.request.reply(200)))
            attempts.hung_up_early(call, transaction.request.headers.call_id)
        case "PRACK":
            provisional.acknowledged(call, event)
        case "UPDATE":
            early_offers.update_received(call, event.side, transaction)
        case "INFO" if digits.ends_here(call):
            digits.info_received(call, call.leg(event.side), transaction)
        case _:
            call.emit(Reply(transaction, transaction.request.reply(491)))
