"""What the caller sees while it rings (SIG-19): each 18x once, as its side wants it shown, and with
PRACK where the caller requires that (RFC 3262).

Reliable responses go one at a time. Callers that only support them get plain ones: an answer in a
reliable response would bind the caller to a vendor that may still fail.
"""

from __future__ import annotations

from ..sip.message import Request, Response
from . import attempts, early_media, early_offers, ending
from .acceptance import RELIABLE
from .call import Call
from .effects import Reply, ReplyReliably
from .events import PrackMissing, RequestReceived
from .policy import RemoteRingSignal
from .reasons import CallEndReason, EndDirection, Refusal
from .services import NO_CODES

_STATUS = {RemoteRingSignal.SESSION_PROGRESS: 183, RemoteRingSignal.RINGING: 180}


def show(call: Call, status: int, body: bytes) -> None:
    """Let the caller see a 18x, unless it has seen just that (RTE-10)."""
    status, body = _as_wanted(call, status, body)
    seen = status, body
    if seen in call.provisionals or (not body and _seen_status(call, status)):
        return
    call.provisionals.add(seen)
    response = call.response(call.invite, status, body)
    if not must_be_reliable(call):
        call.emit(Reply(call.invite, response))
    elif not call.offered and not call.leg_a.sent:
        call.note(f"a reliable {status} would have to carry an offer: the caller waits for the 200")
    else:
        call.unshown.append(response)
        _show_next(call)


def acknowledged(call: Call, event: RequestReceived) -> None:
    """The caller's PRACK: what waited for it goes out."""
    call.unacknowledged = None
    early_offers.prack_received(call, event.transaction)
    if call.held_answer is not None:
        held, call.held_answer = call.held_answer, None
        call.answer(call.leg_a, call.invite, held)
    else:
        _show_next(call)


def unacknowledged(call: Call, event: PrackMissing) -> None:
    """No PRACK came, however often the response was repeated: the caller does not hear us."""
    call.note("the caller has not acknowledged a reliable provisional response")
    if call.answered:
        ending.release(call, CallEndReason.SESSION_TIMEOUT)
    else:
        attempts.give_up(call, "caller lost", CallEndReason.CONNECTION_TIMEOUT)
        reason, direction = CallEndReason.CONNECTION_TIMEOUT, EndDirection.SERVER
        ending.turn_down(call, Refusal(reason, 504, NO_CODES, direction))


def answer(call: Call, response: Response) -> None:
    """Send the 200, once a description that came before it is acknowledged (RFC 3262 section 3)."""
    call.unshown.clear()
    if call.unacknowledged is not None and call.unacknowledged.body:
        call.held_answer = response
    else:
        call.answer(call.leg_a, call.invite, response)


def _as_wanted(call: Call, status: int, body: bytes) -> tuple[int, bytes]:
    """Return status and description by the caller's mode; a tone is played where we made it up."""
    wanted = _STATUS.get(call.leg_a.policy.remote_ring_signal)
    if wanted is None:
        return status, body
    if body:
        return wanted, body
    attempt = call.attempt
    assert attempt is not None
    if attempt.sdp and call.leg_a.sent and call.offered:
        return wanted, call.leg_a.sent
    if must_be_reliable(call):
        return status, body  # it would be the answer, whatever the callee's will be
    made_up = early_media.own_description(call)
    if not made_up:
        return status, body
    early_media.ring(call)
    return wanted, made_up


def _seen_status(call: Call, status: int) -> bool:
    return any(seen == status for seen, _ in call.provisionals)


def must_be_reliable(call: Call) -> bool:
    """Tell whether the caller requires PRACK."""
    request: Request = call.invite.request
    return RELIABLE in request.headers.tokens("Require")


def _show_next(call: Call) -> None:
    if call.unacknowledged is None and call.unshown:
        call.unacknowledged = response = call.unshown.pop(0)
        assert call.leg_a.dialog is not None
        call.emit(ReplyReliably(call.leg_a.dialog, call.invite, response))
