"""What an attempt needs before its INVITE: where the terminal is, and a media session."""

from __future__ import annotations

from . import attempts, failover
from .call import Call
from .cdr import Attempt
from .codecs import MediaMismatch
from .live_attempt import LiveAttempt
from .policy import Candidate
from .reasons import CallEndReason
from .relay import Party, Relay, decide
from .services import (
    LegMedia,
    Locate,
    Located,
    MediaOpened,
    OpenMedia,
    ServiceFailed,
)
from .session import leg_media
from .states import Trigger
from .stop_rules import Failure


def prepare(call: Call, candidate: Candidate) -> None:
    """Find the candidate's terminal and open media, whatever of it is needed."""
    call.attempt = LiveAttempt(candidate, _record(call, candidate))
    if not _is_located(call.attempt):
        call.ask(Locate(call.id, candidate.endpoint))
    if _is_located(call.attempt) or _relay(call, candidate) is not Relay.NONE:
        _open_media(call)
    go_on(call)


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


def _is_located(attempt: LiveAttempt) -> bool:
    candidate = attempt.candidate
    return bool(candidate.targets) or attempt.binding is not None or candidate.forward is not None


def _relay_is_missing(call: Call, attempt: LiveAttempt) -> bool:
    """Tell whether the attempt fails for want of a relay.

    It does when something insists on one, and when ports have run out (MED-13); where the media
    service is away, a call that only would have been relayed goes on directly (section 0.9).
    """
    if call.relayed or attempt.relay is Relay.NONE:
        return False
    return attempt.relay is Relay.NEEDED or call.media_full


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
    caller = caller._replace(protection=call.leg_a.encryption)
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
