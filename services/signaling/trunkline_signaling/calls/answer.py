"""The answer: the callee's 2xx, the caller's 200, and the clock that starts between them."""

from __future__ import annotations

from datetime import timedelta

from ..sip.errors import MalformedValue
from ..sip.fields import Reason
from ..sip.headers import Headers
from ..sip.sdp import SessionDescription
from . import (
    addresses,
    ending,
    failover,
    money,
    provisional,
    refresh,
    ring_tone,
    session_timer,
)
from .acceptance import ALLOW, write_extensions
from .agreement import answer_to, offer_to
from .call import SDP, Call
from .cdr import product_of
from .codecs import MediaMismatch
from .effects import EndDialog, Journal, Outgoing, SendAck, Timer
from .events import AckReceived, ResponseReceived
from .legs import Leg, Side
from .live_attempt import LiveAttempt
from .negotiation import DelayedAck
from .reasons import CAUSE_ANSWERED_ELSEWHERE, CallEndReason
from .services import LegMedia
from .session import leg_media, read, refusing
from .states import Trigger


def early_leg(call: Call) -> Leg:
    """Return leg B as far as the attempt has brought it; every attempt has a new one."""
    attempt = call.attempt
    assert attempt is not None
    if call.leg_b is None or call.leg_b.attempt is not attempt.record:
        policy = attempt.candidate.leg_b
        nat = attempt.binding is not None and attempt.binding.behind_nat
        call.leg_b = Leg(
            Side.B,
            call.random.getrandbits(31),
            policy=policy,
            behind_nat=nat,
            attempt=attempt.record,
            credentials=attempt.candidate.credentials,
            encryption=call.settings.encryption if policy.encrypt else None,
        )
    return call.leg_b


def answered(call: Call, attempt: LiveAttempt, event: ResponseReceived) -> None:
    """The callee has answered: the call is on, if the answer is of any use."""
    dialog = event.dialog
    if dialog is None:  # nothing in it says where an ACK would go
        failover.failed(call, attempt.failure(502), "malformed answer")
        return
    if attempt.prack is not None:
        acknowledge_and_end(call, event)
        failover.failed(call, attempt.failure(502), "answered before its offer was")
        return
    leg = early_leg(call)
    leg.dialog, leg.early = dialog, None
    leg.source = dialog.flow
    dialog.flow = addresses.request_flow(dialog, dialog.flow, leg.policy.request_address)
    described = attempt.descriptions.get(event.response.to_tag) or leg.received
    received = described if attempt.agreed else event.response.body or described
    try:
        place, body = (None, b"") if attempt.agreed else _read_answer(call, leg, received)
    except (MalformedValue, MediaMismatch) as error:
        acknowledge_and_end(call, event)
        leg.dialog = None
        _reject(call, attempt, error)
        return
    leg.received = received
    _establish(call, attempt, event, place)
    _answer_caller(call, body)
    _start_clocks(call)


def _establish(
    call: Call, attempt: LiveAttempt, event: ResponseReceived, place: LegMedia | None
) -> None:
    """Acknowledge the callee's answer, and let the media flow."""
    leg, headers = early_leg(call), event.response.headers
    call.fire(Trigger.ANSWERED)
    ring_tone.stop(call, attempt)
    leg.note_allow(headers)
    leg.timer = refresh.granted(event) if leg.policy.session_timer else None
    _book(call, attempt, headers)
    _acknowledge(call, leg, attempt.outgoing, offered=bool(call.leg_a.received))
    if place is not None:
        call.connect_media((leg, place), answered=True)
    elif attempt.agreed:
        call.connect_media(answered=True)
    call.note_codecs()


def _start_clocks(call: Call) -> None:
    """From now on the call costs money, and its sessions want to be refreshed."""
    call.emit(Journal(call.cdr))
    call.clear_timer(Timer.PROGRESS)
    call.clear_timer(Timer.SETUP)
    money.start(call)
    refresh.start(call)


def tell_caller(call: Call, leg: Leg, description: SessionDescription) -> bytes:
    """Return the callee's description as the caller is to see it: an answer, or an offer.

    Raises `MediaMismatch`.
    """
    tell = answer_to if call.leg_a.received else offer_to
    return tell(call.leg_a, leg, description, call.terms(call.leg_a))


def acknowledge_and_end(call: Call, event: ResponseReceived) -> None:
    """End a dialog that nobody wants: a fork that answered later, or an attempt given up."""
    dialog = event.dialog
    assert dialog is not None
    ack = dialog.ack(event.outgoing.request)
    call.emit(SendAck(event.outgoing, ack, dialog.flow))
    reason = str(Reason.of("Q.850", CAUSE_ANSWERED_ELSEWHERE))
    call.send_bye(dialog, Side.B, reason, event.outgoing.credentials)
    call.emit(EndDialog(dialog))


def acknowledged(call: Call, event: AckReceived) -> None:
    """The ACK for a 2xx of ours; where that held an offer, this holds the answer (RFC 3264)."""
    delayed = call.delayed_ack
    if delayed is None or delayed.awaits is not event.side:
        return
    leg, peer = call.leg(event.side.other), call.leg(event.side)
    body = delayed_answer(call, leg, peer, event.request.body)
    if leg.received and not body:
        call.note(f"leg {peer.side.value} has not answered the offer it had asked for")
        ending.release(call, CallEndReason.CODEC_MISMATCH)
        return
    call.delayed_ack = None
    send_ack(call, leg, delayed.invite, body)


def acknowledge_at_end(call: Call) -> None:
    """Acknowledge a 2xx that waits for an answer which will not come: all of it is refused.

    RFC 3261 section 13.2.2.4 wants a valid answer in the ACK, and then the BYE.
    """
    delayed, call.delayed_ack = call.delayed_ack, None
    if delayed is None:
        return
    leg = call.leg(delayed.awaits.other)
    body = refusing(leg, leg.received, call.local_ip(leg)) if leg.received else b""
    send_ack(call, leg, delayed.invite, body)


def send_ack(call: Call, leg: Leg, invite: Outgoing, body: bytes = b"") -> None:
    """Acknowledge a 2xx."""
    assert leg.dialog is not None
    ack = leg.dialog.ack(invite.request, body, SDP)
    call.emit(SendAck(invite, ack, leg.dialog.flow))


def _answer_caller(call: Call, body: bytes) -> None:
    leg = call.leg_a
    response = call.response(call.invite, 200, body)
    response.headers.set("Allow", ALLOW)
    write_extensions(response.headers, leg.policy)
    if leg.timer is not None:
        session_timer.grant(response.headers, leg.timer)
    provisional.answer(call, response)


def _read_answer(call: Call, leg: Leg, body: bytes) -> tuple[LegMedia | None, bytes]:
    """Return what the relay and what the caller are told of the callee's description."""
    if not body:
        return None, b""
    description = read(body)
    place = leg_media(leg, description)
    return place, tell_caller(call, leg, description)


def _reject(call: Call, attempt: LiveAttempt, error: MalformedValue | MediaMismatch) -> None:
    if isinstance(error, MediaMismatch):
        failover.mismatched(call, attempt, error)
    else:
        call.note(f"the answer's description is malformed: {error}")
        failover.failed(call, attempt.failure(488), "malformed answer")


def _acknowledge(call: Call, leg: Leg, invite: Outgoing | None, *, offered: bool) -> None:
    assert invite is not None
    if offered:
        send_ack(call, leg, invite)
    else:
        call.delayed_ack = DelayedAck(Side.A, invite)


def delayed_answer(call: Call, leg: Leg, peer: Leg, body: bytes) -> bytes:
    """Return what `leg`, which had offered, is told of `peer`'s answer; b"" where it is no use."""
    if not body:
        return b""
    try:
        description = read(body)
        place = leg_media(peer, description)
        answer = answer_to(leg, peer, description, call.terms(leg))
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"the answer of leg {peer.side.value} is of no use: {error}")
        return b""
    peer.received = body
    call.note_codecs()
    call.connect_media((peer, place))
    return answer


def _book(call: Call, attempt: LiveAttempt, headers: Headers) -> None:
    record, cdr = attempt.record, call.cdr
    cdr.answer_time = call.now
    record.answered = True
    record.outcome = "answered"
    record.sip_status = cdr.sip_status = 200
    if record.post_dial_delay is None:
        record.post_dial_delay = timedelta(seconds=call.now - record.start_time)
    attempt.note_address()
    cdr.callee_address = record.remote_address
    cdr.callee_product = product_of(headers)
