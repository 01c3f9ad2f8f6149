"""Call transfer by REFER (SIG-21, RFC 3515): one side hands the other over to somebody else.

That one is reached by a new call of the transferor, as a forwarded call is (`forwarding`), which
takes the transferor's place in this call once it is answered. Where Refer-To names a call that the
transferor has already (Replaces, RFC 3891), that call takes ours in instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..sip.errors import MalformedValue
from ..sip.methods import INVITE, NOTIFY, REASON_PHRASES
from ..sip.name_addr import NameAddr
from ..sip.sdp import Direction
from ..sip.uri import OtherUri, SipUri, Uri
from . import (
    answer,
    correction,
    ending,
    established,
    forwarding,
    glare,
    invitation,
    refresh,
    replacement,
)
from .agreement import Terms, offer_to
from .call import SDP, Call
from .codecs import MediaMismatch
from .effects import Cancel, EndDialog, Outgoing, Reply, Send, Timer
from .events import RequestFailed, RequestReceived, ResponseReceived, TimerFired
from .identity import user_of
from .legs import Leg, Side
from .parties import Endpoint, PassedOn, Passing
from .policy import Candidate
from .reasons import CallEndReason, EndDirection
from .referral import INNER_POLICY, Transfer, TransferState
from .session import read
from .session_timer import glare_wait

SIPFRAG: Final = "message/sipfrag;version=2.0"
SUBSCRIPTION: Final = 180
"""Seconds that a subscription is said to last; it ends with its transfer."""


# --- who asks


def refer(call: Call, event: RequestReceived) -> None:
    """A side wants to hand the other one over."""
    transaction, leg = event.transaction, call.leg(event.side)
    request = transaction.request
    assert leg.dialog is not None
    if not leg.policy.transfer:
        call.emit(Reply(transaction, request.reply(403)))
        return
    try:
        refer_to = _refer_to(request.headers.values("Refer-To"))
    except MalformedValue as error:
        call.note(f"refused a REFER of leg {leg.side.value}: {error}")
        call.emit(Reply(transaction, request.reply(400)))
        return
    if glare.session_moves(call):
        call.emit(Reply(transaction, request.reply(491)))
        return
    call.emit(Reply(transaction, leg.dialog.reply(request, 202)))
    _begin(call, leg, refer_to, request.headers.cseq.number)


def let_go(call: Call, event: RequestReceived) -> bool:
    """Let a transferor go that does not wait for the outcome; tell whether the BYE was its."""
    transfer, transaction = call.transfer, event.transaction
    dialog = transfer.transferor.dialog if transfer is not None else None
    if transfer is None or dialog is None or dialog.call_id != transaction.request.headers.call_id:
        return False
    call.emit(Reply(transaction, transaction.request.reply(200)))
    call.emit(EndDialog(dialog))
    refresh.stop(call, event.side)
    transfer.gone, transfer.transferor.dialog = True, None
    return True


# --- the new leg


def response_received(call: Call, event: ResponseReceived) -> bool:
    """Take a response that belongs to a transfer; False for any other."""
    transfer = call.transfer
    if transfer is None or event.outgoing not in (transfer.invite, transfer.reconnect):
        return False
    response = event.response
    if event.outgoing is transfer.reconnect:
        _stayed(call, transfer, event)
    elif response.status < 200:
        if response.status != transfer.told:
            _notify(call, transfer, response.status, response.reason)
    elif response.status < 300:
        _answered(call, transfer, event)
    else:
        _failed(call, transfer, response.status, response.reason)
    return True


def request_failed(call: Call, event: RequestFailed) -> bool:
    """Take the failure of a request of a transfer; False for any other."""
    transfer = call.transfer
    if transfer is None or event.outgoing not in (transfer.invite, transfer.reconnect):
        return False
    if event.outgoing is transfer.invite:
        _failed(call, transfer, event.status, REASON_PHRASES[event.status])
    else:
        ending.release(call, CallEndReason.SESSION_TIMEOUT)
    return True


def reconnect(call: Call, event: TimerFired) -> None:
    """Our re-INVITE met one of the other side (RFC 3261 section 14.1): send it again."""
    transfer = call.transfer
    if transfer is not None:
        stays = call.leg(transfer.leg.side.other)
        transfer.reconnect = _invite_again(call, stays, stays.sent)


def abandon(call: Call) -> None:
    """Give up what is under way, because the call ends."""
    transfer, call.transfer = call.transfer, None
    if transfer is not None:
        waiting = transfer.invite if transfer.reconnect is None else transfer.reconnect
        waiting.abandoned = True
        call.emit(Cancel(waiting))
        if transfer.reconnect is None:
            call.transfer_state = TransferState.CANCELLED
    if call.replacement is not None:
        replacement.restore(call, call.replacement)


# --- steps of a transfer


def _refer_to(values: list[str]) -> Uri:
    """Return the one URI of Refer-To. Raises `MalformedValue`."""
    if len(values) != 1:
        raise MalformedValue("one address", str(len(values)), "Refer-To")
    uri = NameAddr.parse(values[0]).uri
    if isinstance(uri, OtherUri):
        raise MalformedValue("a SIP or tel URI", str(uri), "Refer-To")
    return uri


def _begin(call: Call, leg: Leg, refer_to: Uri, cseq: int) -> None:
    new = Leg(leg.side, call.random.getrandbits(31), policy=INNER_POLICY, relay=leg.relay)
    target = forwarding.own_target(call)
    who = endpoint_of(call, leg.side)
    passed_on = PassedOn(who, Passing.TRANSFERRED, call.is_screened, call.cdr.caller_address)
    candidate = _candidate(call, leg.side, who, user_of(refer_to))
    uri = str(SipUri(target.host, candidate.request_uri_user or None, target.port))
    try:
        offer, problem = _offer(call, new, target.host), ""
    except (MalformedValue, MediaMismatch) as error:
        offer, problem = b"", str(error)
    invite = invitation.build(call, candidate, uri, target, offer)
    if (dialog_id := _replaces(refer_to)) is not None:
        invite.headers.set("Replaces", dialog_id)
    outgoing = Outgoing(leg.side, invite, target=target, passed_on=passed_on)
    transfer = call.transfer = Transfer(leg, cseq, new, outgoing)
    call.transfer_state = TransferState.TRANSFERRING
    call.note(f"{who} transfers leg {leg.side.other.value} to {candidate.request_uri_user}")
    _notify(call, transfer, 100, REASON_PHRASES[100])
    if problem:
        call.note(f"the transferee can't be offered to anybody: {problem}")
        _failed(call, transfer, 488, REASON_PHRASES[488])
    else:
        call.emit(Send(outgoing))


def _candidate(call: Call, side: Side, who: Endpoint, number: str) -> Candidate:
    """Return whom the new call shows: the one who is handed over, as shown to the transferor."""
    if side is Side.A:
        shown = Candidate(1, who, from_user=call.cdr.callee)
    else:
        assert call.attempt is not None
        shown = replace(call.attempt.candidate, from_user=call.cdr.caller, anonymous=False)
    return replace(shown, endpoint=who, request_uri_user=number, to_user=number, leg_b=INNER_POLICY)


def endpoint_of(call: Call, side: Side) -> Endpoint:
    """Return whose a side of an answered call is."""
    if side is Side.A:
        assert call.endpoint is not None
        return call.endpoint
    assert call.attempt is not None
    return call.attempt.candidate.endpoint


def _offer(call: Call, new: Leg, local_ip: str) -> bytes:
    """Return the session of the one who stays as an offer; on hold it is no more."""
    stays = call.leg(new.side.other)
    description = read(stays.received)
    if description.audio is not None:
        description.audio.direction = Direction.SENDRECV
    return offer_to(new, stays, description, Terms(local_ip, call.random, call.convertible))


def _replaces(refer_to: Uri) -> str | None:
    """Return the dialog that Refer-To names (RFC 3891 section 7)."""
    headers = refer_to.headers if isinstance(refer_to, SipUri) else ()
    return next((value for name, value in headers if name.lower() == "replaces"), None)


def _answered(call: Call, transfer: Transfer, event: ResponseReceived) -> None:
    """The new leg has answered: it takes the place, if the one who stays can talk to it."""
    new, stays = transfer.leg, call.leg(transfer.leg.side.other)
    if event.dialog is None:
        _failed(call, transfer, 502, REASON_PHRASES[502])
        return
    new.dialog = event.dialog
    call.set_leg(new)
    before = stays.sent
    try:
        offer = offer_to(stays, new, read(event.response.body), call.terms(stays))
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"the transfer has no use of the answer: {error}")
        call.set_leg(transfer.transferor)
        answer.acknowledge_and_end(call, event)
        _failed(call, transfer, 488, REASON_PHRASES[488])
        return
    _take_place(call, transfer, event)
    if offer == before:
        _connect(call, new, stays.received)
    else:
        transfer.reconnect = _invite_again(call, stays, offer)


def _take_place(call: Call, transfer: Transfer, event: ResponseReceived) -> None:
    """Acknowledge the new leg's answer, and let the transferor go."""
    new, response = transfer.leg, event.response
    new.received = response.body
    new.note_allow(response.headers)
    new.timer = refresh.granted(event)
    answer.send_ack(call, new, transfer.invite)
    _notify(call, transfer, response.status, response.reason)
    replacement.part(call, transfer.transferor)
    refresh.renewed(call, new, new.timer)
    call.transfer_state = TransferState.TRANSFERRED


def _invite_again(call: Call, stays: Leg, offer: bytes) -> Outgoing:
    assert stays.dialog is not None
    request = stays.dialog.request(INVITE, offer, SDP)
    refresh.ask(call, stays, request)
    return call.send(stays, request)


def _stayed(call: Call, transfer: Transfer, event: ResponseReceived) -> None:
    """The one who stays answers our re-INVITE."""
    status, stays = event.response.status, call.leg(transfer.leg.side.other)
    if status < 200:
        return
    if status < 300:
        answer.send_ack(call, stays, event.outgoing)
        refresh.renewed(call, stays, refresh.granted(event))
        _connect(call, transfer.leg, event.response.body)
    elif correction.corrected(call, event):
        pass
    elif status == 491:
        wait = glare_wait(call.random, owns_call_id=stays.side is Side.B)
        call.set_timer(Timer.RECONNECT, wait)
    else:
        call.note(f"leg {stays.side.value} does not take the new session: {status}")
        ending.release(call, CallEndReason.CODEC_MISMATCH)


def _connect(call: Call, new: Leg, body: bytes) -> None:
    """Let the two talk; `body` is what the one who stays has answered."""
    call.transfer = None
    try:
        established.take_answer(call, new, new.received, body)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"the answer after a transfer is of no use: {error}")


def _failed(call: Call, transfer: Transfer, status: int, phrase: str) -> None:
    """Nobody takes the place: the transferor keeps the call, if it is still there."""
    call.transfer = None
    call.transfer_state = TransferState.FAILED
    call.note(f"transfer failed: {status} {phrase}")
    _notify(call, transfer, status, phrase)
    if transfer.gone:
        by_caller = transfer.transferor.side is Side.A
        reason = CallEndReason.CALLER_HANGUP if by_caller else CallEndReason.CALLEE_HANGUP
        ending.release(call, reason, EndDirection.CALLER if by_caller else EndDirection.CALLEE)


def _notify(call: Call, transfer: Transfer, status: int, phrase: str) -> None:
    """Tell the transferor how far it is (RFC 3515 section 2.4.5)."""
    transfer.told = status
    leg = transfer.transferor
    if leg.dialog is None:
        return
    body = f"SIP/2.0 {status} {phrase}\r\n".encode()
    notify = leg.dialog.request(NOTIFY, body, SIPFRAG)
    notify.headers.set("Event", f"refer;id={transfer.refer_cseq}")
    over = status >= 200
    state = "terminated;reason=noresource" if over else f"active;expires={SUBSCRIPTION}"
    notify.headers.set("Subscription-State", state)
    call.emit(Send(Outgoing(leg.side, notify, leg.dialog.flow, abandoned=True)))
