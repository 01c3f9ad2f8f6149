"""One attempt while nobody has answered it: the INVITE, what comes back, how long it may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ..sip.errors import MalformedValue
from ..sip.fields import Reason
from ..sip.headers import Headers
from ..sip.message import Request, Response
from ..sip.methods import INVITE
from ..sip.uri import SipUri, parse_sip_uri
from . import (
    addresses,
    answer,
    correction,
    early_media,
    failover,
    fork,
    forwarding,
    provisional,
    ring_tone,
    session_timer,
)
from .acceptance import ALLOW, RELIABLE, write_extensions
from .agreement import Terms, offer_to
from .call import SDP, Call, LiveAttempt
from .codecs import MediaMismatch
from .effects import Cancel, Outgoing, Send, Timer
from .events import FirstPacket, RequestFailed, ResponseReceived, TimerFired
from .extra_headers import copy_extra_headers
from .identity import write_identity
from .legs import Side
from .parties import Binding, EndpointKind, Target
from .policy import Candidate, LegPolicy
from .progress import advance
from .reasons import CAUSE_ANSWERED_ELSEWHERE, CallEndReason, cause_of_reason
from .relay import Relay
from .session import leg_media, read
from .states import State
from .stop_rules import Failure

MAX_FORWARDS = 70


def begin(call: Call) -> None:
    """Send the INVITE."""
    attempt = _attempt(call)
    attempt.record.start_time = call.now
    _choose_relay(call, attempt)
    target = target_of(call, attempt)
    assert target is not None
    try:
        invites = [_invite(call, attempt, way, target) for way in forwarding.ways(attempt)]
    except MediaMismatch as error:
        failover.mismatched(call, attempt, error)
        return
    passed_on = forwarding.passed_on(call, attempt)
    attempt.outgoing, *attempt.rivals = (
        Outgoing(Side.B, invite, target=target, passed_on=passed_on) for invite in invites
    )
    for outgoing in (attempt.outgoing, *attempt.rivals):
        call.emit(Send(outgoing))
    _watch(call, attempt)
    ring_tone.wait(call, attempt)


def response_received(call: Call, event: ResponseReceived) -> None:
    """A response to the INVITE of the attempt."""
    attempt = _attempt(call)
    fork.turn_to(attempt, event.outgoing)
    if event.outgoing is not attempt.outgoing:
        late_response(call, event)
        return
    status = event.response.status
    if status < 200:
        _progressed(call, attempt, event)
    elif status < 300:
        reason = Reason.of("Q.850", CAUSE_ANSWERED_ELSEWHERE)
        fork.give_up_rivals(call, attempt, str(reason))
        answer.answered(call, attempt, event)
    elif not correction.corrected(call, event) and not fork.lost(attempt, event.response):
        failover.refused(call, attempt, fork.best_refusal(attempt))


def request_failed(call: Call, event: RequestFailed) -> None:
    """Nobody answered the INVITE, or it could not be sent."""
    attempt = _attempt(call)
    fork.turn_to(attempt, event.outgoing)
    if event.outgoing is attempt.outgoing and not fork.lost(attempt):
        timeout = attempt.progress.timeout_reason
        call.note(f"attempt {attempt.record.number}: {event.explanation}")
        failover.failed(call, _timed_out(attempt, timeout), event.explanation)


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
    if event.dialog is None or not event.response.is_success:
        return
    leg = next(
        (leg for leg in (call.leg_a, call.leg_b) if leg and leg.dialog is event.dialog), None
    )
    if leg is None:
        answer.acknowledge_and_end(call, event)
    elif call.state is not State.CONNECTED and event.outgoing.request.to_tag is not None:
        answer.send_ack(call, leg, event.outgoing)  # of a re-INVITE that crossed our BYE


def _progressed(call: Call, attempt: LiveAttempt, event: ResponseReceived) -> None:
    response = event.response
    if _is_reliable(attempt, response) and not _acknowledge(call, event):
        return
    has_sdp = bool(response.body)
    if response.status > 100:
        _note_progress(call, attempt, response.status, has_sdp)
        provisional.show(call, response.status, _early_media(call, attempt, response))
    before, attempt.progress = attempt.progress, advance(attempt.progress, response.status, has_sdp)
    if attempt.progress is not before:
        _watch(call, attempt)


def _is_reliable(attempt: LiveAttempt, response: Response) -> bool:
    """Tell whether a provisional response wants a PRACK, which we had offered."""
    return (
        response.status > 100
        and attempt.candidate.leg_b.reliable_provisionals
        and RELIABLE in response.headers.tokens("Require")
    )


def _acknowledge(call: Call, event: ResponseReceived) -> bool:
    """Send the PRACK for a reliable response; False when that response is not to be looked at."""
    if event.dialog is None:
        return False
    try:
        prack = event.dialog.prack(event.response)
    except MalformedValue as error:
        call.note(f"dropped a reliable {event.response.status}: {error}")
        return False
    if prack is not None:
        dialog, policy = event.dialog, answer.early_leg(call).policy
        flow = addresses.request_flow(dialog, dialog.flow, policy.request_address)
        call.emit(Send(Outgoing(Side.B, prack, flow)))
    return prack is not None


def _note_progress(call: Call, attempt: LiveAttempt, status: int, has_sdp: bool) -> None:
    record = attempt.record
    record.progressed = True
    if record.post_dial_delay is None:
        record.post_dial_delay = timedelta(seconds=call.now - record.start_time)
    attempt.ringing = attempt.ringing or status in (180, 181, 182)
    attempt.sdp = attempt.sdp or has_sdp


def _early_media(call: Call, attempt: LiveAttempt, response: Response) -> bytes:
    """Return the caller's form of the description in a 18x; one that is malformed is dropped.

    Where several are called at once nobody is heard before the answer.
    """
    if not response.body or attempt.rivals:
        return b""
    try:
        description = read(response.body)
        leg = answer.early_leg(call)
        leg.received = attempt.descriptions[response.to_tag] = response.body
        place = leg_media(leg, description)
        body = answer.tell_caller(call, leg, description)
    except (MalformedValue, MediaMismatch) as error:
        call.note(f"dropped the description in a {response.status}: {error}")
        return b""
    call.connect_media((leg, place))
    return body


def _choose_relay(call: Call, attempt: LiveAttempt) -> None:
    """Relay this attempt, or not. A caller that hears the relay already goes on doing so."""
    hears_relay = call.leg_a.relay is not None and any(body for _, body in call.provisionals)
    relayed = call.relayed and (attempt.relay is not Relay.NONE or hears_relay)
    call.leg_a.relay = call.relay_a if relayed else None
    answer.early_leg(call).relay = call.relay_b if relayed else None


def _watch(call: Call, attempt: LiveAttempt) -> None:
    limits = call.settings.limits
    call.set_timer(Timer.PROGRESS, limits.of(attempt.progress, attempt.candidate.timers))


def _timed_out(attempt: LiveAttempt, reason: CallEndReason) -> Failure:
    return Failure(0, 0, reason, attempt.ringing, attempt.sdp, attempt.rtp)


def _attempt(call: Call) -> LiveAttempt:
    assert call.attempt is not None
    return call.attempt


def invitation(call: Call, candidate: Candidate, uri: str, target: Target, body: bytes) -> Request:
    """Build an INVITE: nothing of another dialog's names, addresses or Vias is in it."""
    host, _ = call.settings.own.seen_by(target.host, target.transport)
    headers = Headers()
    headers.set("Max-Forwards", _hops_left(call))
    tag = f"{call.random.getrandbits(64):016x}"
    write_identity(headers, candidate, candidate.domain or host, tag)
    headers.set("To", f"<{SipUri(candidate.domain or target.host, candidate.to_user or None)}>")
    headers.set("Call-ID", f"{call.random.getrandbits(128):032x}")
    headers.set("CSeq", "1 INVITE")
    headers.set("Contact", call.settings.contact(target.transport, target.host))
    headers.set("Allow", ALLOW)
    if body:
        headers.set("Content-Type", SDP)
    _write_extensions(call, headers, candidate.leg_b, offers=bool(body))
    return Request(INVITE, uri, headers, body)


def _write_extensions(call: Call, headers: Headers, policy: LegPolicy, *, offers: bool) -> None:
    """Offer timer and 100rel; the latter not without SDP, which a PRACK would have to answer."""
    if not offers:
        policy = replace(policy, reliable_provisionals=False)
    write_extensions(headers, policy)
    if policy.session_timer:
        session_timer.offer(headers, call.settings.timers)


def _invite(call: Call, attempt: LiveAttempt, candidate: Candidate, target: Target) -> Request:
    host, _ = call.settings.own.seen_by(target.host, target.transport)
    uri = _request_uri(candidate, attempt.binding, target)
    invite = invitation(call, candidate, uri, target, _offer(call, host))
    received = call.invite.request.headers
    copy_extra_headers(invite.headers, received, candidate.extra_headers)
    if candidate.forward is None:
        forwarding.write_diversions(invite.headers, call, host)
    return invite


def _request_uri(candidate: Candidate, binding: Binding | None, target: Target) -> str:
    user = candidate.request_uri_user or None
    if binding is not None:
        if candidate.endpoint.kind is EndpointKind.PHONE:
            return binding.contact
        return _with_user(binding.contact, user)  # a gateway takes calls to any number (SIG-13)
    params = {} if target.transport.value == "udp" else {"transport": target.transport.value}
    if candidate.domain:
        return str(SipUri(candidate.domain, user, None, params))
    return str(SipUri(target.host, user, target.port or None, params))


def _with_user(contact: str, user: str | None) -> str:
    try:
        return str(replace(parse_sip_uri(contact), user=user))
    except MalformedValue:
        return contact


def _offer(call: Call, local_ip: str) -> bytes:
    """Return the caller's offer as the callee is to see it."""
    offer = call.take_offer()
    if offer is None:
        return b""
    terms = Terms(local_ip, call.random, call.convertible)
    return offer_to(answer.early_leg(call), call.leg_a, offer, terms)


def _hops_left(call: Call) -> int:
    """Hand the caller's hop count on, so that a loop through us ends (RFC 7092 section 3.1)."""
    received = call.invite.request.headers.max_forwards
    return MAX_FORWARDS if received is None else received - 1
