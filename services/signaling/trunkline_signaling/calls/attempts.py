"""One attempt while nobody has answered it: the INVITE, what comes back, how long it may take."""

from __future__ import annotations

from dataclasses import replace

from ..sip.fields import Reason
from ..sip.methods import INVITE
from . import (
    answer,
    correction,
    early_media,
    early_offers,
    failover,
    fork,
    forwarding,
    invitation,
    ring_tone,
    ringing,
)
from .call import Call
from .codecs import MediaMismatch
from .effects import Cancel, Outgoing, Send, Timer
from .events import FirstPacket, RequestFailed, ResponseReceived, TimerFired
from .legs import Side
from .live_attempt import LiveAttempt
from .parties import Target
from .reasons import CAUSE_ANSWERED_ELSEWHERE, CallEndReason, cause_of_reason
from .relay import Relay
from .states import State
from .stop_rules import Failure


def begin(call: Call) -> None:
    """Send the INVITE."""
    attempt = _attempt(call)
    attempt.record.start_time = call.now
    _choose_relay(call, attempt)
    target = target_of(call, attempt)
    assert target is not None
    try:
        invites = [
            invitation.of_attempt(call, attempt, way, target) for way in forwarding.ways(attempt)
        ]
    except MediaMismatch as error:
        failover.mismatched(call, attempt, error)
        return
    passed_on = forwarding.passed_on(call, attempt)
    attempt.outgoing, *attempt.rivals = (
        Outgoing(
            Side.B,
            invite,
            target=target,
            passed_on=passed_on,
            credentials=attempt.candidate.credentials,
        )
        for invite in invites
    )
    for outgoing in (attempt.outgoing, *attempt.rivals):
        call.emit(Send(outgoing))
    watch(call, attempt)
    ring_tone.wait(call, attempt)


def response_received(call: Call, event: ResponseReceived) -> None:
    """A response to the INVITE of the attempt."""
    attempt = _attempt(call)
    if early_offers.answered(call, event):
        return
    fork.turn_to(attempt, event.outgoing)
    if event.outgoing is not attempt.outgoing:
        late_response(call, event)
        return
    status = event.response.status
    if status < 200:
        ringing.progressed(call, attempt, event)
    elif status < 300:
        reason = Reason.of("Q.850", CAUSE_ANSWERED_ELSEWHERE)
        fork.give_up_rivals(call, attempt, str(reason))
        answer.answered(call, attempt, event)
    elif not correction.corrected(call, event) and not fork.lost(attempt, event.response):
        failover.refused(call, attempt, fork.best_refusal(attempt))


def request_failed(call: Call, event: RequestFailed) -> None:
    """Nobody answered the INVITE, or it could not be sent."""
    attempt = _attempt(call)
    if early_offers.unanswered(call, event):
        return
    fork.turn_to(attempt, event.outgoing)
    if event.outgoing is attempt.outgoing and not fork.lost(attempt):
        timeout = attempt.progress.timeout_reason
        call.note(f"attempt {attempt.record.number}: {event.explanation}")
        failover.failed(call, _timed_out(attempt, timeout), event.explanation)


def watch(call: Call, attempt: LiveAttempt) -> None:
    """Limit how long the attempt may stay where it is now."""
    limits = call.settings.limits
    call.set_timer(Timer.PROGRESS, limits.of(attempt.progress, attempt.candidate.timers))


def progress_timed_out(call: Call, event: TimerFired) -> None:
    """The attempt stayed too long where it is (SIG-09, SIG-10)."""
    attempt = _attempt(call)
    reason = attempt.progress.timeout_reason
    outcome = f"{attempt.progress.name.lower().replace('_', ' ')} timeout"
    give_up(call, outcome, reason)
    failover.failed(call, _timed_out(attempt, reason), outcome)


def packet_received(call: Call, event: FirstPacket) -> None:
    """RTP of the callee was relayed before the answer: the lock of RTE-12."""
    if event.side is Side.B and call.attempt is not None:
        call.attempt.rtp = True
        early_media.silence(call)


def give_up(call: Call, outcome: str, reason: CallEndReason) -> None:
    """Cancel the attempt in progress, if one is. A 2xx that crosses the CANCEL is ended by BYE."""
    attempt = call.attempt
    if attempt is None or attempt.outgoing is None or attempt.outgoing.abandoned:
        return
    attempt.record.outcome = outcome
    attempt.note_address()
    outgoing = attempt.outgoing
    outgoing.abandoned = True
    cause = str(Reason.of("Q.850", cause_of_reason(reason)))
    outgoing.request.headers.set("Reason", cause)  # the CANCEL takes it over
    call.emit(Cancel(outgoing))
    early_offers.abandon(call)
    fork.give_up_rivals(call, attempt, cause)
    call.clear_timer(Timer.PROGRESS)


def target_of(call: Call, attempt: LiveAttempt) -> Target | None:
    """Return where the INVITE goes; None for a terminal that is not located yet."""
    if attempt.candidate.forward is not None:
        return forwarding.own_target(call)
    candidate = attempt.candidate
    if candidate.targets:
        return call.settings.aim(candidate.endpoint.name, candidate.targets)
    if attempt.binding is None:
        return None
    (host, port), transport = attempt.binding.received_address, attempt.binding.transport
    return Target(host, port, transport, registered=True)


def hung_up_early(call: Call, sip_call_id: str) -> None:
    """The callee's BYE overtook its own 2xx: it has answered and is gone (RFC 3261 section 15).

    That 2xx, when it comes, is acknowledged and nothing more.
    """
    attempt = call.attempt
    outgoing = attempt.outgoing if attempt is not None else None
    if attempt is None or outgoing is None or outgoing.abandoned:
        return
    if call.state is State.INVITING and outgoing.request.headers.call_id == sip_call_id:
        give_up(call, "hung up at once", CallEndReason.CALLEE_HANGUP)
        failover.failed(call, attempt.failure(480), "hung up at once")


def late_response(call: Call, event: ResponseReceived) -> None:
    """A response nobody waits for. The 2xx of a late fork or of an attempt given up gets a BYE."""
    if event.outgoing.request.method != INVITE:
        correction.corrected(call, event)
    if event.dialog is None or not event.response.is_success:
        return
    leg = next(
        (leg for leg in (call.leg_a, call.leg_b) if leg and leg.dialog is event.dialog), None
    )
    if leg is None:
        answer.acknowledge_and_end(call, event)
    elif call.state is not State.CONNECTED and event.outgoing.request.to_tag is not None:
        answer.send_ack(call, leg, event.outgoing)  # of a re-INVITE that crossed our BYE


def _choose_relay(call: Call, attempt: LiveAttempt) -> None:
    """Relay this attempt, or not. A caller that hears the relay already goes on doing so."""
    hears_relay = call.leg_a.relay is not None and any(body for _, body in call.provisionals)
    relayed = call.relayed and (attempt.relay is not Relay.NONE or hears_relay)
    call.leg_a.relay = call.relay_a if relayed else None
    answer.early_leg(call).relay = call.relay_b if relayed else None


def _timed_out(attempt: LiveAttempt, reason: CallEndReason) -> Failure:
    return replace(attempt.failure(), own_reason=reason)


def _attempt(call: Call) -> LiveAttempt:
    assert call.attempt is not None
    return call.attempt
