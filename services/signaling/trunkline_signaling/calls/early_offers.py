"""Offers and answers before the call is answered, by PRACK and UPDATE (RFC 3262, RFC 3311).

A callee's reliable response to an INVITE without an offer holds one: the caller answers it in its
PRACK, and ours waits for that. Once offer and answer are exchanged on both legs, either side may
offer anew, in a PRACK or an UPDATE; the other one gets it as UPDATE.
"""

from __future__ import annotations

from ..sip.errors import MalformedValue
from ..sip.message import Request, Response
from ..sip.methods import PRACK, UPDATE
from ..sip.transactions import ServerTransaction
from . import answer, attempts, codec_change, correction, ending, established, provisional
from .agreement import offer_to
from .call import SDP, Call
from .codecs import MediaMismatch
from .effects import Outgoing, Reply, Send
from .events import RequestFailed, ResponseReceived
from .legs import Leg, Side
from .live_attempt import LiveAttempt
from .negotiation import Negotiation
from .reasons import CallEndReason
from .session import read, refusing
from .states import State

# --- the callee's offer


def acknowledge(
    call: Call, attempt: LiveAttempt, prack: Outgoing, response: Response, *, shown: bool
) -> None:
    """Send the PRACK for a reliable response, now or with the caller's answer to its offer."""
    if not response.body:
        call.emit(Send(prack))
    elif call.offered:
        attempt.settled = prack.dialog if shown else attempt.settled
        call.emit(Send(prack))
    elif shown and provisional.must_be_reliable(call):
        attempt.prack = prack
    else:
        _send_with(call, prack, _refusing_all(call, response))


def prack_received(call: Call, transaction: ServerTransaction) -> None:
    """The caller's PRACK: it may hold the answer to the callee's offer, or an offer of its own."""
    attempt = call.attempt
    if attempt is not None and attempt.prack is not None:
        _pass_answer(call, attempt, attempt.prack, transaction)
    elif transaction.request.body:
        _offered(call, Side.A, transaction)
    else:
        call.emit(Reply(transaction, transaction.request.reply(200)))


def _pass_answer(
    call: Call, attempt: LiveAttempt, prack: Outgoing, transaction: ServerTransaction
) -> None:
    attempt.prack = None
    request, leg = transaction.request, answer.early_leg(call)
    body = answer.delayed_answer(call, leg, call.leg_a, request.body)
    if not body:
        call.emit(Reply(transaction, request.reply(488 if request.body else 400)))
        attempts.give_up(call, "offer not answered", CallEndReason.CODEC_MISMATCH)
        ending.refuse(call, CallEndReason.CODEC_MISMATCH)
        return
    attempt.agreed, attempt.settled = True, prack.dialog
    _send_with(call, prack, body)
    call.emit(Reply(transaction, request.reply(200)))


def _send_with(call: Call, prack: Outgoing, body: bytes) -> None:
    request = prack.request
    if body:
        request.headers.set("Content-Type", SDP)
        prack.request = Request(PRACK, request.target, request.headers, body)
    call.emit(Send(prack))


def _refusing_all(call: Call, response: Response) -> bytes:
    """Return an answer to an offer that the caller does not get; b"" to one that is malformed."""
    host, _ = call.settings.own.seen_by(call.invite.flow.remote[0], call.invite.flow.transport)
    try:
        return refusing(Leg(Side.B, call.random.getrandbits(31)), response.body, host)
    except MalformedValue:
        return b""


# --- another offer of either side


def update_received(call: Call, side: Side, transaction: ServerTransaction) -> None:
    """A side's UPDATE before the answer: a sign of life, or an offer."""
    if transaction.request.body:
        _offered(call, side, transaction)
    else:
        call.emit(Reply(transaction, transaction.request.reply(200)))


def answered(call: Call, event: ResponseReceived) -> bool:
    """Take the response to an offer that was passed on; False for any other."""
    negotiation = _of(call, event.outgoing)
    if negotiation is None:
        return False
    status, body = event.response.status, event.response.body
    if status < 200 or correction.corrected(call, event):
        return True
    call.negotiation = None
    if status < 300 and body:
        _agree(call, negotiation, body)
    else:
        call.leg(negotiation.side.other).sent = negotiation.before
        _refuse(call, negotiation.transaction, status if status >= 300 else 488)
    return True


def unanswered(call: Call, event: RequestFailed) -> bool:
    """Nobody answers an offer that was passed on; False where something else has failed."""
    if _of(call, event.outgoing) is None:
        return False
    abandon(call)
    return True


def abandon(call: Call) -> None:
    """Refuse the offer that is on its way, because its answer will not come."""
    negotiation, call.negotiation = call.negotiation, None
    if negotiation is not None:
        call.leg(negotiation.side.other).sent = negotiation.before
        _refuse(call, negotiation.transaction, 488)


def _offered(call: Call, side: Side, transaction: ServerTransaction) -> None:
    if not _takes_offers(call, side, transaction.request):
        _refuse(call, transaction, 491)
        return
    asker, other = call.leg(side), call.leg(side.other)
    before = other.sent
    try:
        description = read(transaction.request.body)
        if codec_change.answer_alone(call, asker, description):
            asker.received = transaction.request.body
            _accept(call, asker, transaction, asker.sent)
        elif other.takes_update:
            dialog = other.dialog or other.early
            assert dialog is not None
            body = offer_to(other, asker, description, call.terms(other))
            outgoing = call.send(other, dialog.request(UPDATE, body, SDP))
            call.negotiation = Negotiation(side, transaction, outgoing, offers=True, before=before)
        else:
            _refuse(call, transaction, 488)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"refused an offer of leg {side.value}: {error}")
        _refuse(call, transaction, 488)


def _takes_offers(call: Call, side: Side, request: Request) -> bool:
    """Tell whether both legs have their first offer and answer, by reliable responses."""
    attempt = call.attempt
    if call.state is not State.INVITING or attempt is None or call.negotiation is not None:
        return False
    settled = attempt.settled
    if settled is None or call.leg_b is None or call.leg_b.early is not settled:
        return False
    if not provisional.must_be_reliable(call) or call.unacknowledged is not None:
        return False
    return side is Side.A or settled.remote.tag == request.from_tag


def _agree(call: Call, negotiation: Negotiation, body: bytes) -> None:
    asker, request = call.leg(negotiation.side), negotiation.transaction.request
    before, asker.received = asker.received, request.body
    try:
        told = established.take_answer(call, asker, request.body, body)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"the answer of leg {asker.side.other.value} is of no use: {error}")
        asker.received = before
        _refuse(call, negotiation.transaction, 488)
        return
    _note_description(call)
    _accept(call, asker, negotiation.transaction, told)


def _note_description(call: Call) -> None:
    """A 2xx without SDP stands for what its fork has said last."""
    leg, attempt = call.leg(Side.B), call.attempt
    assert attempt is not None and leg.early is not None
    attempt.descriptions[leg.early.remote.tag] = leg.received


def _accept(call: Call, leg: Leg, transaction: ServerTransaction, body: bytes) -> None:
    dialog = leg.dialog or leg.early
    assert dialog is not None
    call.emit(Reply(transaction, dialog.reply(transaction.request, 200, body, SDP)))


def _refuse(call: Call, transaction: ServerTransaction, status: int) -> None:
    """Refuse an offer. A PRACK is understood all the same, so its refusal is always 488."""
    request = transaction.request
    told = 488 if request.method == PRACK or status in correction.CHALLENGES else status
    call.emit(Reply(transaction, request.reply(told)))


def _of(call: Call, outgoing: Outgoing) -> Negotiation | None:
    negotiation = call.negotiation
    return negotiation if negotiation is not None and negotiation.outgoing is outgoing else None
