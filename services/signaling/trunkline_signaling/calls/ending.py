"""The end of a call, whoever wanted it: both legs are told, the services close their books, and
the CDR is durable before anybody hears that a BYE was understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ..sip.fields import Reason
from ..sip.headers import Headers
from ..sip.methods import BYE, INVITE
from . import announcement, answer, attempts, transfer
from .call import Call
from .cdr import Cdr
from .effects import Cancel, ClearTimers, EndDialog, Finish, Reply, WriteCdr
from .events import (
    AckMissing,
    CancelReceived,
    CdrStored,
    HangUp,
    MediaLost,
    RequestReceived,
    Silence,
)
from .legs import Side
from .reasons import (
    SIP_STATUS,
    CallEndReason,
    EndDirection,
    Refusal,
    cause_of_reason,
    cause_of_status,
    replaced_status,
)
from .services import (
    NO_CODES,
    Blacklisted,
    CloseMedia,
    MediaClosed,
    MediaOpened,
    Release,
    ReportEnd,
    Route,
    Screen,
)
from .states import State, Trigger

EXPLAINING: Final = ("Accept", "Allow", "Min-SE", "Unsupported", "Warning")


def refuse(
    call: Call,
    reason: CallEndReason,
    status: int = 0,
    failure_codes: Mapping[int, int] = NO_CODES,
    *,
    direction: EndDirection = EndDirection.SERVER,
    retry_after: int = 0,
    extra: Headers | None = None,
) -> None:
    """End a call before its answer with a final status, which the caller's list may replace.

    `extra` holds header fields of `EXPLAINING`, which say what we could do instead. A caller that
    wants it hears an announcement first (MED-10).
    """
    status = status or SIP_STATUS[reason]
    refusal = Refusal(reason, status, failure_codes, direction, retry_after, extra)
    if not announcement.begins(call, refusal):
        turn_down(call, refusal)


def turn_down(call: Call, refusal: Refusal) -> None:
    """Send the final status."""
    status = refusal.status
    call.unshown.clear()
    of_attempt = call.cdr.attempts[-1].sip_status if call.cdr.attempts else 0
    call.cdr.sip_status = of_attempt or status
    response = call.response(call.invite, replaced_status(status, refusal.failure_codes))
    response.headers.set("Reason", Reason.of("Q.850", cause_of_status(status)))
    if refusal.retry_after:
        response.headers.set("Retry-After", refusal.retry_after)
    if refusal.extra is not None:
        response.headers.copy_from(refusal.extra, *EXPLAINING)
    call.emit(Reply(call.invite, response))
    _close(call, refusal.reason, refusal.direction)


def vanish(call: Call) -> None:
    """No call came about: there is nothing to record."""
    call.fire(Trigger.TURNED_AWAY)
    _end_dialogs(call)
    call.emit(Finish())


def cancelled(call: Call, event: CancelReceived) -> None:
    """The caller gave up before the answer."""
    attempts.give_up(call, "cancelled", CallEndReason.CALLER_HANGUP)
    refuse(call, CallEndReason.CALLER_HANGUP, 487, direction=EndDirection.CALLER)


def hung_up(call: Call, event: RequestReceived) -> None:
    """One side sent BYE: the other gets one, the sender its 200 when the CDR is durable."""
    transfer.abandon(call)
    call.unanswered_byes.append(event.transaction)
    answer.acknowledge_at_end(call)
    if event.side is Side.A:
        reason, direction = CallEndReason.CALLER_HANGUP, EndDirection.CALLER
    else:
        reason, direction = CallEndReason.CALLEE_HANGUP, EndDirection.CALLEE
    _say_bye(call, event.side.other, reason)
    _close(call, reason, direction)


def release(
    call: Call, reason: CallEndReason, direction: EndDirection = EndDirection.SERVER
) -> None:
    """End an established call from here: BYE to both sides."""
    transfer.abandon(call)
    answer.acknowledge_at_end(call)
    _say_bye(call, Side.A, reason)
    _say_bye(call, Side.B, reason)
    _close(call, reason, direction)


def released_by_operator(call: Call, event: HangUp) -> None:
    """An operator ends the call, or the switch must go."""
    call.note(event.explanation)
    if call.answered:
        release(call, CallEndReason.SERVER_FORCED_RELEASE)
    else:
        attempts.give_up(call, "released", CallEndReason.SERVER_FORCED_RELEASE)
        refuse(call, CallEndReason.SERVER_FORCED_RELEASE)


def silent(call: Call, event: Silence) -> None:
    """RTP stopped (MED-08)."""
    call.note(f"no RTP on leg {event.side.value}, direction {event.direction.name.lower()}")
    release(call, CallEndReason.MEDIA_TIMEOUT)


def media_lost(call: Call, event: MediaLost) -> None:
    """The relay lost the session: nobody hears anybody any more."""
    call.note(f"media session lost: {event.explanation}")
    call.media_instance = ""
    if call.answered:
        release(call, CallEndReason.MEDIA_TIMEOUT)
    else:
        attempts.give_up(call, "media lost", CallEndReason.INTERNAL_ERROR)
        refuse(call, CallEndReason.INTERNAL_ERROR, 503)


def unacknowledged(call: Call, event: AckMissing) -> None:
    """A 2xx of ours was never acknowledged (SIG-08): the dialog cannot be trusted."""
    release(call, CallEndReason.SESSION_TIMEOUT)


def media_opened_late(call: Call, event: MediaOpened) -> None:
    """The session opened after the call was over."""
    call.media_instance = event.instance
    call.ask(CloseMedia(call.id, event.instance))


def media_closed(call: Call, event: MediaClosed) -> None:
    """What the session carried goes into the CDR."""
    call.cdr.media = event.statistics
    write_when_complete(call)


def write_when_complete(call: Call, event: object = None) -> None:
    """Write the CDR once no service owes an answer."""
    if not call.waiting and not call.recorded:
        call.recorded = True
        cdr = call.cdr
        if Route in call.asked:
            call.ask(Release(call.id, cdr.attempts[-1] if cdr.attempts else None, cdr.talk))
        if call.screen is not None:
            call.ask(_report(call.screen, cdr))
        call.emit(WriteCdr(cdr))


def not_seated(call: Call, event: Blacklisted) -> None:
    """The call ended before it was refused for its numbers: auth has no seat of it to free."""
    call.screen = None
    write_when_complete(call)


def stored(call: Call, event: CdrStored) -> None:
    """The CDR is durable: now the BYE is understood."""
    for bye in call.unanswered_byes:
        call.emit(Reply(bye, bye.request.reply(200)))
    call.fire(Trigger.RECORDED)
    _end_dialogs(call)
    call.emit(Finish())


def crossed(call: Call, event: RequestReceived) -> None:
    """Something came in while the call ends: a BYE that crossed ours, or what is too late."""
    request = event.transaction.request
    if request.method == BYE and call.state is State.ENDING:
        call.unanswered_byes.append(event.transaction)
    else:
        status = 200 if request.method == BYE else 481
        call.emit(Reply(event.transaction, request.reply(status)))


def _say_bye(call: Call, side: Side, reason: CallEndReason) -> None:
    leg = call.leg(side)
    if leg.dialog is not None and (side is Side.B or call.held_answer is None):
        cause = str(Reason.of("Q.850", cause_of_reason(reason)))
        call.send_bye(leg.dialog, side, cause, leg.credentials)


def _close(call: Call, reason: CallEndReason, direction: EndDirection) -> None:
    """Stop the clocks, close the media session, and write down how it ended."""
    call.fire(Trigger.END)
    cdr: Cdr = call.cdr
    cdr.end_time, cdr.reason, cdr.end_direction = call.now, reason, direction
    call.emit(ClearTimers())
    if call.held_answer is not None:  # the caller's INVITE has no final response yet
        call.held_answer = None
        call.reply(call.invite, 487)
    _answer_what_is_open(call)
    if call.relayed:
        call.ask(CloseMedia(call.id, call.media_instance))
    write_when_complete(call)


def _answer_what_is_open(call: Call) -> None:
    """Requests on their way through the call get no answer of the other side any more."""
    passed = [*call.passed.values(), *([call.negotiation] if call.negotiation else [])]
    for negotiation in passed:
        transaction = negotiation.transaction
        call.emit(Reply(transaction, transaction.request.reply(487)))
        if negotiation.outgoing.request.method == INVITE:
            call.emit(
                Cancel(negotiation.outgoing)
            )  # else it would wait for ever once it is ringing
    for refresh in call.refreshes.values():
        if refresh.request.method == INVITE:
            call.emit(Cancel(refresh))
    call.passed.clear()
    call.negotiation = None


def _report(screen: Screen, cdr: Cdr) -> ReportEnd:
    answered = cdr.answer_time is not None
    gave_up = cdr.reason is CallEndReason.CALLER_HANGUP and not answered
    return ReportEnd(
        screen,
        answered=answered,
        reached=any(attempt.remote_address is not None for attempt in cdr.attempts),
        busy=cdr.reason is CallEndReason.USER_BUSY,
        cancelled_after=timedelta(seconds=cdr.end_time - cdr.setup_time) if gave_up else None,
    )


def _end_dialogs(call: Call) -> None:
    for leg in (call.leg_a, call.leg_b):
        if leg is not None and leg.dialog is not None:
            call.emit(EndDialog(leg.dialog))
