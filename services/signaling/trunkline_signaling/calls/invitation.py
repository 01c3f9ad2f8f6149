"""Our INVITE to the callee, and to whom a call is transferred."""

from __future__ import annotations

from dataclasses import replace

from ..sip.errors import MalformedValue
from ..sip.headers import Headers
from ..sip.message import Request
from ..sip.methods import INVITE
from ..sip.uri import SipUri, parse_sip_uri
from . import answer, forwarding, provisional, session_timer
from .acceptance import ALLOW, write_extensions
from .agreement import Terms, offer_to
from .call import SDP, Call
from .extra_headers import copy_extra_headers
from .identity import write_identity
from .live_attempt import LiveAttempt
from .owner import mark_of
from .parties import Binding, EndpointKind, Target
from .policy import Candidate, LegPolicy

MAX_FORWARDS = 70


def of_attempt(call: Call, attempt: LiveAttempt, candidate: Candidate, target: Target) -> Request:
    """Build the INVITE to one candidate, with the caller's offer."""
    host, _ = call.settings.own.seen_by(target.host, target.transport)
    uri = _request_uri(candidate, attempt.binding, target)
    invite = build(call, candidate, uri, target, _offer(call, host))
    received = call.invite.request.headers
    copy_extra_headers(invite.headers, received, candidate.extra_headers)
    if candidate.forward is None:
        forwarding.write_diversions(invite.headers, call, host)
    return invite


def build(call: Call, candidate: Candidate, uri: str, target: Target, body: bytes) -> Request:
    """Build an INVITE: nothing of another dialog's names, addresses or Vias is in it."""
    host, _ = call.settings.own.seen_by(target.host, target.transport)
    headers = Headers()
    headers.set("Max-Forwards", _hops_left(call))
    tag = f"{call.random.getrandbits(64):016x}{mark_of(call.settings.instance)}"
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
    """Offer timer and 100rel; the latter without SDP only if the caller can answer in a PRACK."""
    if not offers and not provisional.must_be_reliable(call):
        policy = replace(policy, reliable_provisionals=False)
    write_extensions(headers, policy)
    if policy.session_timer:
        session_timer.offer(headers, call.settings.timers)


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
        return str(parse_sip_uri(contact).with_user(user))
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
