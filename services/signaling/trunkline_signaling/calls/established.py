"""What the two sides say to each other while they talk: hold, codec change, INFO.

A request that changes the session goes through to the other side, and its answer back. One offer
is on its way at a time; a second one gets 491 (RFC 3261 section 14.2).
"""

from __future__ import annotations

from ..sip.errors import MalformedValue
from ..sip.message import Request
from ..sip.methods import BYE, INFO, INVITE, UPDATE
from ..sip.sdp import SessionDescription
from ..sip.transactions import ServerTransaction
from . import (
    addresses,
    answer,
    attempts,
    codec_change,
    correction,
    digits,
    ending,
    glare,
    provisional,
    refresh,
    replacement,
    session_timer,
    transfer,
)
from .acceptance import ALLOW, refusal_by_policy
from .agreement import answer_to, offer_to
from .call import SDP, Call
from .codecs import MediaMismatch
from .effects import Cancel, Outgoing, Reply
from .events import CancelReceived, RequestFailed, RequestReceived, ResponseReceived
from .legs import Leg
from .negotiation import DelayedAck, Negotiation
from .reasons import CallEndReason, EndDirection
from .services import ServiceFailed
from .session import leg_media, read

DIALOG_GONE = frozenset({408, 481})
"""Answers to an in-dialog request after which there is nobody to talk to (RFC 5057)."""


def request_received(call: Call, event: RequestReceived) -> None:
    """A request of either side."""
    leg, transaction = call.leg(event.side), event.transaction
    addresses.settle(leg, transaction)
    if transaction.request.method == BYE:
        if not transfer.let_go(call, event):
            ending.hung_up(call, event)
    elif (refusal := refusal_by_policy(transaction.request, leg.policy)) is not None:
        call.emit(Reply(transaction, refusal))
    else:
        _take(call, leg, event)


def _take(call: Call, leg: Leg, event: RequestReceived) -> None:
    transaction = event.transaction
    match transaction.request.method:
        case "REFER":
            transfer.refer(call, event)
        case "INVITE" | "UPDATE":
            _change_session(call, leg, transaction)
        case "INFO":
            take = digits.info_received if digits.ends_here(call) else _pass_info
            take(call, leg, transaction)
        case "PRACK":
            provisional.acknowledged(call, event)
        case "OPTIONS":
            call.emit(Reply(transaction, transaction.request.reply(200)))
        case _:
            refusal = transaction.request.reply(405)
            refusal.headers.set("Allow", ALLOW)
            call.emit(Reply(transaction, refusal))


def response_received(call: Call, event: ResponseReceived) -> None:
    """A response of either side to what was passed on, or a late one to an INVITE."""
    if transfer.response_received(call, event):
        return
    if event.response.is_provisional or refresh.answered(call, event):
        return
    negotiation = _passed_as(call, event)
    if negotiation is None:
        attempts.late_response(call, event)
        if event.outgoing.request.method == INFO and event.response.status in DIALOG_GONE:
            _dialog_gone(call, event.outgoing)
    elif not correction.corrected(call, event):
        _conclude(call, negotiation, event)


def request_failed(call: Call, event: RequestFailed) -> None:
    """A side does not answer any more (SIG-08); a refresh may come again."""
    if refresh.unanswered(call, event) or transfer.request_failed(call, event):
        return
    negotiation = _passed_as(call, event)
    if event.outgoing.request.method == INFO and negotiation is None:
        _dialog_gone(call, event.outgoing)
    if negotiation is not None:
        call.note(f"leg {event.outgoing.side.value}: {event.explanation}")
        _forget(call, negotiation)
        _pass_back(call, negotiation, 408)
        ending.release(call, CallEndReason.SESSION_TIMEOUT)


def cancelled(call: Call, event: CancelReceived) -> None:
    """A re-INVITE was given up: the other side's is, too, and its 487 goes back.

    The caller may still give up where our 200 waits for its PRACK.
    """
    negotiation = call.negotiation
    if negotiation is not None and negotiation.transaction is event.transaction:
        call.emit(Cancel(negotiation.outgoing))
    elif event.transaction is call.invite and call.held_answer is not None:
        ending.release(call, CallEndReason.CALLER_HANGUP, EndDirection.CALLER)


def media_failed(call: Call, event: ServiceFailed) -> None:
    """The relay did not take a change. When it has lost the session, the call is over."""
    call.note(f"media gave no answer: {event.explanation}")
    if event.unknown and call.answered:
        call.media_instance = ""
        ending.release(call, CallEndReason.MEDIA_TIMEOUT)


def _dialog_gone(call: Call, outgoing: Outgoing) -> None:
    call.note(f"the dialog of leg {outgoing.side.value} is gone")
    ending.release(call, CallEndReason.SESSION_TIMEOUT)


def _change_session(call: Call, leg: Leg, transaction: ServerTransaction) -> None:
    request = transaction.request
    leg.note_allow(request.headers)
    refusal = session_timer.refusal_of(request, call.settings.timers) if leg.timer else None
    if refusal is not None:
        call.emit(Reply(transaction, refusal))
    elif glare.meets_ours(call, leg.side, request):
        call.emit(Reply(transaction, request.reply(491)))
    elif request.method == UPDATE and not request.body:
        _answer_alone(call, leg, transaction, b"")  # a session refresh (SIG-04 rule 7)
    elif request.body and request.body == leg.received:
        _answer_alone(call, leg, transaction, leg.sent)
    elif glare.is_busy(call, leg.side.other, request):
        call.emit(Reply(transaction, request.reply(491)))
    else:
        pass_offer(call, leg, transaction)


def pass_offer(call: Call, leg: Leg, transaction: ServerTransaction) -> None:
    """Hand an offer of a side on to the other one."""
    request = transaction.request
    other = call.leg(leg.side.other)
    before = other.sent
    try:
        description = read(request.body) if request.body else None
        if description is not None and codec_change.answer_alone(call, leg, description):
            leg.received = request.body
            _answer_alone(call, leg, transaction, leg.sent)
            return
        method = request.method if other.takes_update else INVITE
        passed = _request(call, other, method, description)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"refused an offer of leg {leg.side.value}: {error}")
        call.emit(Reply(transaction, request.reply(488)))
        return
    if request.method == INVITE:
        call.emit(Reply(transaction, request.reply(100)))
    outgoing = call.send(other, passed)
    call.negotiation = Negotiation(leg.side, transaction, outgoing, offers=True, before=before)


def _request(call: Call, leg: Leg, method: str, description: SessionDescription | None) -> Request:
    assert leg.dialog is not None
    body = b""
    if description is not None:
        body = offer_to(leg, call.leg(leg.side.other), description, call.terms(leg))
    request = leg.dialog.request(method, body, SDP)
    refresh.ask(call, leg, request)
    return request


def _conclude(call: Call, negotiation: Negotiation, event: ResponseReceived) -> None:
    """The other side has answered, one way or the other."""
    status = event.response.status
    _forget(call, negotiation)
    if status < 300 and negotiation.offers:
        _agree(call, negotiation, event)
        replacement.settled(call, negotiation, agreed=True)
        return
    if negotiation.offers:
        call.leg(event.outgoing.side).sent = negotiation.before
    _pass_back(call, negotiation, status)
    replacement.settled(call, negotiation, agreed=False)
    if status in DIALOG_GONE:
        _dialog_gone(call, event.outgoing)


def _agree(call: Call, negotiation: Negotiation, event: ResponseReceived) -> None:
    """The other side took the offer: the relay learns of both, the asker gets the answer."""
    asker, other = call.leg(negotiation.side), call.leg(negotiation.side.other)
    request = negotiation.transaction.request
    before, asker.received = asker.received, request.body or asker.received
    other.note_allow(event.response.headers)
    refresh.renewed(call, other, refresh.granted(event))
    if negotiation.outgoing.request.method == INVITE:
        if request.body:
            answer.send_ack(call, other, negotiation.outgoing)
        else:
            call.delayed_ack = DelayedAck(asker.side, negotiation.outgoing)
    try:
        body = take_answer(call, asker, request.body, event.response.body)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"the answer of leg {other.side.value} is of no use: {error}")
        if request.body:  # the asker stays with what it had (RFC 3261 section 14.1)
            asker.received = before
            _pass_back(call, negotiation, 488)
            return
        body = b""
    _answer_alone(call, asker, negotiation.transaction, body)


def take_answer(call: Call, asker: Leg, offer: bytes, received: bytes) -> bytes:
    """Return what the asker is told; where it made no offer, that is one."""
    if not received:
        return b""
    other = call.leg(asker.side.other)
    description = read(received)
    places = [(other, leg_media(other, description, relearn=True))]
    if offer:
        places.append((asker, leg_media(asker, read(offer), relearn=True)))
    tell = answer_to if offer else offer_to
    body = tell(asker, other, description, call.terms(asker))
    other.received = received
    call.note_codecs()
    call.connect_media(*places)
    return body


def _answer_alone(call: Call, leg: Leg, transaction: ServerTransaction, body: bytes) -> None:
    """Answer a side with 200; nothing is asked of the other."""
    assert leg.dialog is not None
    response = leg.dialog.reply(transaction.request, 200, body, SDP)
    refresh.agree(call, leg, transaction.request.headers, response)
    if transaction.request.method == INVITE:
        call.answer(leg, transaction, response)
    else:
        call.emit(Reply(transaction, response))


def _pass_info(call: Call, leg: Leg, transaction: ServerTransaction) -> None:
    other = call.leg(leg.side.other)
    request = transaction.request
    if other.dialog is None:  # it has left; who follows it has not answered yet
        call.emit(Reply(transaction, request.reply(491)))
        return
    content_type = request.headers.get("Content-Type") or ""
    outgoing = call.send(other, other.dialog.request(INFO, request.body, content_type))
    call.passed[outgoing] = Negotiation(leg.side, transaction, outgoing, offers=False)


def _pass_back(call: Call, negotiation: Negotiation, status: int) -> None:
    transaction = negotiation.transaction
    told = 403 if status in correction.CHALLENGES else status
    call.emit(Reply(transaction, transaction.request.reply(told)))


def _passed_as(call: Call, event: ResponseReceived | RequestFailed) -> Negotiation | None:
    negotiation = call.negotiation
    if negotiation is not None and negotiation.outgoing is event.outgoing:
        return negotiation
    return call.passed.get(event.outgoing)


def _forget(call: Call, negotiation: Negotiation) -> None:
    call.passed.pop(negotiation.outgoing, None)
    if call.negotiation is negotiation:
        call.negotiation = None
