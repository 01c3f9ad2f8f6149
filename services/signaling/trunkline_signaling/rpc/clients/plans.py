"""What routing decides about a call, as the calls know it."""

from __future__ import annotations

from functools import lru_cache

from trunkline.common.v1.common_pb2 import Transport
from trunkline.routing.v1 import routing_pb2 as pb

from ...calls.parties import Numbers, Target
from ...calls.policy import (
    NO_EXTRA_HEADERS,
    AttemptTimers,
    Candidate,
    Credentials,
    ExtraHeaders,
    Forward,
    StopRules,
    SwitchPolicy,
)
from ...calls.services import Routed, Unroutable
from .leg_policies import decode_policy
from .shared import decode_endpoint, decode_payer, decode_reason, decode_span, decode_transport


def decode_plan(response: pb.RouteResponse) -> Routed:
    """Return where a call goes."""
    plan = response.plan
    return Routed(
        numbers=_decode_numbers(response.numbers),
        account=response.account,
        payer=decode_payer(response.payer),
        first=decode_candidate(plan.first),
        leg_a=decode_policy(response.leg_a),
        others=tuple(map(decode_endpoint, plan.others)),
        switch_policy=_decode_switch_policy(plan.switch_policy),
        max_duration=decode_span(plan, "max_duration"),
        max_setup_duration=decode_span(plan, "max_setup_duration"),
        failure_codes=dict(plan.failure_codes),
        explanation_id=response.explanation_id,
    )


def decode_refusal(response: pb.RouteResponse) -> Unroutable:
    """Return why a call goes nowhere."""
    refusal = response.refusal
    return Unroutable(
        reason=decode_reason(refusal.call_end_reason),
        status=refusal.sip_status,
        explanation=refusal.explanation,
        numbers=_decode_numbers(response.numbers),
        account=response.account,
        payer=decode_payer(response.payer),
        failure_codes=dict(refusal.failure_codes),
        explanation_id=response.explanation_id,
        leg_a=decode_policy(response.leg_a),
    )


def _decode_numbers(numbers: pb.Numbers) -> Numbers:
    return Numbers(
        numbers.caller_access,
        numbers.callee_access,
        numbers.caller,
        numbers.callee,
        tuple(f"{s.stage}: {s.before} -> {s.after} {s.rule}".rstrip() for s in numbers.stages),
    )


def _decode_switch_policy(policy: pb.SwitchPolicy) -> SwitchPolicy:
    return SwitchPolicy(policy.limit if policy.HasField("limit") else None, policy.until_connect)


def decode_candidate(candidate: pb.Candidate) -> Candidate:
    """Return one attempt, with all that its INVITE needs."""
    return Candidate(
        attempt=candidate.attempt,
        endpoint=decode_endpoint(candidate.endpoint),
        targets=tuple(map(decode_target, candidate.targets)),
        clearing_account=candidate.clearing_account,
        request_uri_user=candidate.request_uri_user,
        to_user=candidate.to_user,
        from_user=candidate.from_user,
        from_display=candidate.from_display,
        anonymous=candidate.anonymous,
        privacy=candidate.privacy,
        asserted_identity=candidate.asserted_identity,
        preferred_identity=candidate.preferred_identity,
        remote_party_id=candidate.remote_party_id,
        withheld=candidate.withheld,
        extra_headers=_decode_extra_headers(candidate),
        leg_b=decode_policy(candidate.leg_b),
        timers=_decode_timers(candidate.timers.SerializeToString()),
        stop_rules=_decode_stop_rules(candidate.stop_rules.SerializeToString()),
        credentials=_decode_credentials(candidate),
        max_duration=decode_span(candidate, "max_duration"),
        callee_account=candidate.callee_account,
        domain=candidate.domain,
        clearing_uses_sent_number=candidate.clearing_uses_sent_number,
        forward=_decode_forward(candidate),
    )


def decode_target(target: pb.Target) -> Target:
    """Return where an INVITE or another request can be sent."""
    return _target(target.host, target.port, target.transport)


@lru_cache(maxsize=4096)  # of gateways, whose calls come again
def _target(host: str, port: int, transport: Transport.ValueType) -> Target:
    return Target(host, port, decode_transport(transport))


@lru_cache(maxsize=4096)  # a gateway's are the same in every call, as are its rules below
def _decode_timers(serialized: bytes) -> AttemptTimers:
    timers = pb.AttemptTimers.FromString(serialized)
    return AttemptTimers(
        decode_span(timers, "invite"),
        decode_span(timers, "trying"),
        decode_span(timers, "session_progress"),
        decode_span(timers, "session_progress_sdp"),
        decode_span(timers, "ringing"),
    )


@lru_cache(maxsize=4096)
def _decode_stop_rules(serialized: bytes) -> StopRules:
    rules = pb.StopRules.FromString(serialized)
    return StopRules(
        rules.after_ringing,
        rules.after_sdp,
        rules.after_rtp,
        rules.after_busy,
        rules.after_invite_timeout,
        frozenset(rules.stop_codes),
        frozenset(rules.continue_codes),
    )


def _decode_forward(candidate: pb.Candidate) -> Forward | None:
    if not candidate.HasField("forward"):
        return None
    return Forward(candidate.forward.reason, tuple(candidate.forward.numbers))


def _decode_extra_headers(candidate: pb.Candidate) -> ExtraHeaders:
    if not candidate.HasField("extra_headers"):
        return NO_EXTRA_HEADERS
    return ExtraHeaders(candidate.extra_headers.all, tuple(candidate.extra_headers.names))


def _decode_credentials(candidate: pb.Candidate) -> Credentials | None:
    if not candidate.HasField("credentials"):
        return None
    return Credentials(candidate.credentials.username, candidate.credentials.password)
