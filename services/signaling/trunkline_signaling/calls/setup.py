"""From the INVITE to the first attempt: who calls, where to, and who pays.

At most three hops in sequence: Admit, Route, then Authorize beside Locate and Open. Where several
refuse, the order of the pipeline (specification, section 0.5) decides which reason counts.
"""

from __future__ import annotations

from dataclasses import replace

from ..sip.errors import MalformedValue
from ..sip.message import Response
from . import addresses, attempts, ending, failover, session_timer
from .acceptance import refusal_by_policy, refusal_of
from .call import Call, LiveAttempt
from .cdr import Attempt
from .codecs import MediaMismatch, allowed
from .effects import Ignore, Note, Reply, Timer
from .events import TimerFired
from .formats import formats_of
from .identity import identity_of
from .money import keep_reservation
from .policy import Candidate
from .reasons import CallEndReason
from .relay import Party, Relay, decide
from .services import (
    Allowed,
    Authorize,
    Authorized,
    Blacklisted,
    Challenged,
    Dropped,
    LegMedia,
    Locate,
    Located,
    MediaOpened,
    OpenMedia,
    Rejected,
    Route,
    Routed,
    Screen,
    Screened,
    ServiceFailed,
    Unpayable,
    Unroutable,
)
from .session import leg_media, read, stream_of
from .states import Trigger
from .stop_rules import Failure

RETRY_AFTER = 5
"""Seconds a caller is asked to wait when a service is away. Most come back sooner."""


def admitted(call: Call, event: Allowed) -> None:
    """The caller is known: ask where the call goes."""
    assert event.endpoint is not None, "auth lets no INVITE in that it knows by name alone"
    call.fire(Trigger.ADMITTED)
    call.endpoint = call.cdr.caller_endpoint = event.endpoint
    call.is_screened = event.screened
    refusal = refusal_of(call.invite.request)
    if refusal is not None:
        ending.refuse(call, CallEndReason.PROTOCOL_LIMIT, refusal.status, extra=refusal.headers)
        return
    try:
        call.offer = read(call.leg_a.received) if call.leg_a.received else None
    except MalformedValue as error:
        call.note(f"the offer is malformed: {error}")
        ending.refuse(call, CallEndReason.CODEC_MISMATCH)
        return
    call.reply(call.invite, 100)
    call.ask(
        Route(
            call.id,
            call.settings.instance,
            event.endpoint,
            call.cdr.caller_address,
            identity_of(call.invite.request),
            call.cdr.setup_time,
            call.passed_on,
        )
    )


def challenged(call: Call, event: Challenged) -> None:
    """The caller must prove itself; the call begins with its next INVITE."""
    response = call.response(call.invite, event.status)
    name = "WWW-Authenticate" if event.status == 401 else "Proxy-Authenticate"
    response.headers.set(name, *event.challenges)
    call.emit(Reply(call.invite, response))
    ending.vanish(call)


def rejected(call: Call, event: Rejected) -> None:
    """The caller is refused."""
    call.note(f"rejected: {event.explanation}")
    ending.refuse(call, event.reason, event.status)


def dropped(call: Call, event: Dropped) -> None:
    """The caller hears nothing at all (AUT-01)."""
    call.emit(Ignore(call.invite))
    call.emit(Note(f"dropped: {event.explanation}", dropped=True))
    ending.vanish(call)


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
    prepare(call, event.first)


def unroutable(call: Call, event: Unroutable) -> None:
    """The call goes nowhere."""
    _note_numbers(call, event)
    call.leg_a.policy = event.leg_a
    call.note(f"refused: {event.explanation}")
    ending.refuse(call, event.reason, event.status, event.failure_codes)


def prepare(call: Call, candidate: Candidate) -> None:
    """Find the candidate's terminal and open media, whatever of it is needed."""
    call.attempt = LiveAttempt(candidate, _record(call, candidate))
    if not _is_located(call.attempt):
        call.ask(Locate(candidate.endpoint))
    if _is_located(call.attempt) or _relay(call, candidate) is not Relay.NONE:
        _open_media(call)
    go_on(call)


def authorized(call: Call, event: Authorized) -> None:
    """The account can pay."""
    call.reserved = event.reserved if event.reserved is not None else event.max_duration
    keep_reservation(call, event.reserved, event.lease)
    go_on(call)


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
        go_on(call)


def blacklisted(call: Call, event: Blacklisted) -> None:
    """One of the numbers misbehaved (AUT-13). auth has not seated the call: no end to report."""
    call.screen = None
    call.note(f"refused: {event.explanation}")
    ending.refuse(call, CallEndReason.BLACKLISTED)


def screen_failed(call: Call, event: ServiceFailed) -> None:
    """auth can't say: the black list fails open (section 0.6)."""
    call.note(f"not screened: {event.explanation}")
    screened(call, Screened())


def located(call: Call, event: Located) -> None:
    """auth knows where the terminal is, or that it is offline."""
    attempt = call.attempt
    assert attempt is not None
    if event.bindings:
        attempt.binding = event.bindings[0]
        _open_media(call)
    go_on(call)


def media_opened(call: Call, event: MediaOpened) -> None:
    """The relay waits for both sides' RTP."""
    call.media_instance = event.instance
    call.relay_a, call.relay_b = event.leg_a, event.leg_b
    call.media_codecs = event.convertible
    go_on(call)


def media_failed(call: Call, event: ServiceFailed) -> None:
    """No media session: the call goes on without, unless something insists on one."""
    call.note(f"media gave no session: {event.explanation}")
    call.media_full = event.exhausted
    go_on(call)


def unavailable(call: Call, event: ServiceFailed) -> None:
    """auth, routing or billing is away: the caller is to come again (section 0.9)."""
    call.note(f"{event.service} gave no answer: {event.explanation}")
    ending.refuse(call, CallEndReason.INTERNAL_ERROR, 503, retry_after=RETRY_AFTER)


def setup_timed_out(call: Call, event: TimerFired) -> None:
    """The caller's side allows no longer wait for an answer (SIG-10)."""
    attempts.give_up(call, "setup limit", CallEndReason.NO_ANSWER)
    ending.refuse(call, CallEndReason.NO_ANSWER)


def go_on(call: Call) -> None:
    """Begin the attempt once everything it needs is there."""
    if call.waiting:
        return
    attempt = call.attempt
    assert attempt is not None
    if not _is_located(attempt):
        failover.failed(call, Failure(480), "offline")
    elif attempt.relay is Relay.FORBIDDEN:
        why = MediaMismatch("encryption needs a relay, which one side forbids")
        failover.mismatched(call, attempt, why)
    elif _relay_is_missing(call, attempt):
        full = CallEndReason.CAPACITY_EXCEEDED if call.media_full else None
        failover.failed(call, Failure(503, own_reason=full), "no media relay")
    else:
        call.fire(Trigger.READY)
        attempts.begin(call)


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


def _is_located(attempt: LiveAttempt) -> bool:
    candidate = attempt.candidate
    return bool(candidate.targets) or attempt.binding is not None or candidate.forward is not None


def _screen(call: Call, plan: Routed) -> None:
    if call.is_screened:
        assert call.endpoint is not None
        numbers = plan.numbers
        call.screen = Screen(call.id, numbers.caller, numbers.callee, call.endpoint)
        call.ask(call.screen)


def _relay_is_missing(call: Call, attempt: LiveAttempt) -> bool:
    """Tell whether the attempt fails for want of a relay.

    It does when something insists on one, and when ports have run out (MED-13); where the media
    service is away, a call that only would have been relayed goes on directly (section 0.9).
    """
    if call.relayed or attempt.relay is Relay.NONE:
        return False
    return attempt.relay is Relay.NEEDED or call.media_full


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


def _open_media(call: Call) -> None:
    """Open a session unless there is one, or none is wanted."""
    attempt = call.attempt
    assert attempt is not None
    attempt.relay = _relay(call, attempt.candidate)
    unwanted = attempt.relay in (Relay.NONE, Relay.FORBIDDEN)
    if unwanted or call.relayed or OpenMedia in call.waiting:
        return
    call.media_full = False
    offer = call.take_offer()
    caller = leg_media(call.leg_a, offer) if offer is not None else LegMedia()
    caller = replace(caller, protection=call.leg_a.encryption)
    call.offer = offer
    record = call.leg_a.policy.record or attempt.candidate.leg_b.record
    call.ask(OpenMedia(call.id, call.settings.instance, caller, LegMedia(), record))


def _relay(call: Call, candidate: Candidate) -> Relay:
    """Decide whether media is relayed, by what is known of the callee's side so far."""
    attempt = call.attempt
    assert attempt is not None
    own, flow = call.settings.own, call.invite.flow
    caller = Party(
        call.leg_a.policy,
        own.seen_by(flow.remote[0], flow.transport)[0],
        flow.remote[0],
        call.leg_a.behind_nat,
    )
    target = attempts.target_of(call, attempt)
    if target is None:  # a terminal that is yet to be located
        return decide(call.settings.relay, caller, Party(candidate.leg_b, caller.local_ip, ""))
    nat = attempt.binding is not None and attempt.binding.behind_nat
    local_ip = own.seen_by(target.host, target.transport)[0]
    callee = Party(candidate.leg_b, local_ip, target.host, nat)
    return decide(call.settings.relay, caller, callee)


def _record(call: Call, candidate: Candidate) -> Attempt:
    record = Attempt(
        number=len(call.cdr.attempts) + 1,
        endpoint=candidate.endpoint,
        remote_address=None,
        caller=candidate.from_user,
        callee=candidate.request_uri_user,
        start_time=call.now,
    )
    cdr = call.cdr
    cdr.attempts.append(record)
    cdr.callee_endpoint = candidate.endpoint
    cdr.caller_to_gateway = candidate.from_user
    cdr.callee_to_gateway = candidate.request_uri_user
    cdr.clearing_account = candidate.clearing_account
    cdr.clearing_callee = candidate.request_uri_user if candidate.clearing_uses_sent_number else ""
    return record


def _note_numbers(call: Call, event: Routed | Unroutable) -> None:
    cdr = call.cdr
    cdr.caller_access = event.numbers.caller_access
    cdr.callee_access = event.numbers.callee_access
    cdr.caller = event.numbers.caller
    cdr.callee = event.numbers.callee
    cdr.account = event.account
    cdr.payer = event.payer
    cdr.explanation_id = event.explanation_id
