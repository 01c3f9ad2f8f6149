"""Where the call goes, and whether it may: the candidates, the black lists, the money.

At most three hops in sequence: Admit, Route, then Authorize beside Locate and Open. Where several
refuse, the order of the pipeline (specification, section 0.5) decides which reason counts.
"""

from __future__ import annotations

from ..sip.message import Response
from . import addresses, attempts, ending, preparation, session_timer
from .acceptance import refusal_by_policy
from .call import Call
from .codecs import allowed
from .effects import Timer
from .events import TimerFired
from .formats import formats_of
from .money import keep_reservation
from .reasons import CallEndReason
from .services import (
    Authorize,
    Authorized,
    Blacklisted,
    Routed,
    Screen,
    Screened,
    ServiceFailed,
    Unpayable,
    Unroutable,
)
from .session import stream_of
from .states import Trigger

RETRY_AFTER = 5
"""Seconds a caller is asked to wait when a service is away. Most come back sooner."""


def routed(call: Call, event: Routed) -> None:
    """There are candidates: get ready for the first."""
    call.fire(Trigger.ROUTED)
    call.plan = event
    call.leg_a.policy = event.leg_a
    addresses.settle(call.leg_a, call.invite)
    call.leg_a.encryption = call.settings.encryption if event.leg_a.encrypt else None
    _note_numbers(call, event)
    refusal = _refusal_of_extensions(call)
    if refusal is not None:
        ending.refuse(call, CallEndReason.PROTOCOL_LIMIT, refusal.status, extra=refusal.headers)
        return
    if not _speaks_assigned_codec(call):
        call.note(f"refused: the caller offers none of {', '.join(event.leg_a.codecs)}")
        ending.refuse(call, CallEndReason.CODEC_MISMATCH, failure_codes=event.failure_codes)
        return
    if event.max_setup_duration is not None:
        call.set_timer(Timer.SETUP, event.max_setup_duration)
    _screen(call, event)
    _authorize(call, event)
    preparation.prepare(call, event.first)


def unroutable(call: Call, event: Unroutable) -> None:
    """The call goes nowhere."""
    _note_numbers(call, event)
    call.leg_a.policy = event.leg_a
    call.note(f"refused: {event.explanation}")
    ending.refuse(call, event.reason, event.status, event.failure_codes)


def authorized(call: Call, event: Authorized) -> None:
    """The account can pay."""
    call.reserved = event.reserved if event.reserved is not None else event.max_duration
    keep_reservation(call, event.reserved, event.lease)
    preparation.go_on(call)


def unpayable(call: Call, event: Unpayable) -> None:
    """The account cannot pay, which counts whatever media will say; a black list comes first."""
    if Screen in call.waiting:
        call.unpayable = event
        return
    call.note(f"refused: {event.explanation}")
    ending.refuse(call, event.reason, 403 if event.of_callee else 0)


def screened(call: Call, event: Screened) -> None:
    """No number stops the call."""
    if call.unpayable is not None:
        unpayable(call, call.unpayable)
    else:
        preparation.go_on(call)


def blacklisted(call: Call, event: Blacklisted) -> None:
    """One of the numbers misbehaved (AUT-13). auth has not seated the call: no end to report."""
    call.screen = None
    call.note(f"refused: {event.explanation}")
    ending.refuse(call, CallEndReason.BLACKLISTED)


def screen_failed(call: Call, event: ServiceFailed) -> None:
    """auth can't say: the black list fails open (section 0.6)."""
    call.note(f"not screened: {event.explanation}")
    screened(call, Screened())


def unavailable(call: Call, event: ServiceFailed) -> None:
    """auth, routing or billing is away: the caller is to come again (section 0.9)."""
    call.note(f"{event.service} gave no answer: {event.explanation}")
    ending.refuse(call, CallEndReason.INTERNAL_ERROR, 503, retry_after=RETRY_AFTER)


def setup_timed_out(call: Call, event: TimerFired) -> None:
    """The caller's side allows no longer wait for an answer (SIG-10)."""
    attempts.give_up(call, "setup limit", CallEndReason.NO_ANSWER)
    ending.refuse(call, CallEndReason.NO_ANSWER)


def _refusal_of_extensions(call: Call) -> Response | None:
    """Settle what the caller's side may use; return the refusal of what it may not."""
    request, leg = call.invite.request, call.leg_a
    refusal = refusal_by_policy(request, leg.policy)
    if refusal is None and leg.policy.session_timer:
        refusal = session_timer.refusal_of(request, call.settings.timers)
        if refusal is None:
            leg.timer = session_timer.accepted(request.headers, call.settings.timers)
    return refusal


def _speaks_assigned_codec(call: Call) -> bool:
    """Tell whether the caller has a codec that its side is held to (MED-03 rule 3)."""
    stream = stream_of(call.offer) if call.offer is not None else None
    if stream is None or stream.media != "audio":
        return True
    codecs = call.leg_a.policy.codecs
    return not codecs or bool(allowed(formats_of(stream), codecs))


def _screen(call: Call, plan: Routed) -> None:
    if call.is_screened:
        assert call.endpoint is not None
        numbers = plan.numbers
        call.screen = Screen(call.id, numbers.caller, numbers.callee, call.endpoint)
        call.ask(call.screen)


def _authorize(call: Call, plan: Routed) -> None:
    assert call.endpoint is not None
    call.ask(
        Authorize(
            call.id,
            call.settings.instance,
            plan.account,
            plan.payer,
            plan.numbers.caller,
            plan.numbers.callee,
            call.endpoint,
            call.cdr.setup_time,
            plan.first.callee_account,
        )
    )


def _note_numbers(call: Call, event: Routed | Unroutable) -> None:
    cdr = call.cdr
    cdr.caller_access = event.numbers.caller_access
    cdr.callee_access = event.numbers.callee_access
    cdr.caller = event.numbers.caller
    cdr.callee = event.numbers.callee
    cdr.account = event.account
    cdr.payer = event.payer
    cdr.explanation_id = event.explanation_id
