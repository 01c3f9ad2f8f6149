"""Decisions as the contract spells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from google.protobuf.duration_pb2 import Duration
from trunkline.common.v1 import common_pb2 as common
from trunkline.routing.v1 import routing_pb2 as pb

from ..calls.decision import Decision, Plan
from ..calls.explain import Explanation, Verdict
from ..calls.facts import Facts, Stopped
from ..calls.refusals import EndReason, Refusal
from ..candidates.offer import Offer, StopRules
from ..documents.fields import Transport
from ..documents.identity import ExtraHeaders, ExtraMode
from ..model.callers import Caller, Endpoint, Kind
from ..model.gateways import RoutingGateway, Target
from ..numbers.pipeline import Stage, Step
from ..rates.book import Rate
from .kept import kept
from .policies import duration_to_proto, leg_to_proto, timers_to_proto

KINDS: Final = {
    Kind.MAPPING_GATEWAY: common.ENDPOINT_KIND_MAPPING_GATEWAY,
    Kind.ROUTING_GATEWAY: common.ENDPOINT_KIND_ROUTING_GATEWAY,
    Kind.PHONE: common.ENDPOINT_KIND_PHONE,
    Kind.BOUND_NUMBER: common.ENDPOINT_KIND_BOUND_NUMBER,
}
_TRANSPORTS: Final = {
    Transport.UDP: common.TRANSPORT_UDP,
    Transport.TCP: common.TRANSPORT_TCP,
    Transport.TLS: common.TRANSPORT_TLS,
}
_OBJECTS: Final = {
    Kind.MAPPING_GATEWAY: "mapping gateway",
    Kind.ROUTING_GATEWAY: "routing gateway",
    Kind.PHONE: "phone",
}
FEW: Final = 256
"""Stop rules that are kept encoded: most gateways share theirs."""
PATIENCE: Final = Duration(seconds=600)
"""For a call that is passed on: the new one has the waits of its own attempts."""
_STAGES: Final = {
    Stage.MAPPING_MOBILE_AREA: "mobile area",
    Stage.MAPPING_DIAL_PLAN: "dial plan",
    Stage.MAPPING_TRANSFORM: "transform",
    Stage.PORTABILITY: "portability",
    Stage.PROPORTIONAL_PREFIX: "proportional prefix",
    Stage.ROUTING_MOBILE_AREA: "mobile area",
    Stage.ROUTING_DIAL_PLAN: "dial plan",
    Stage.ROUTING_TRANSFORM: "transform",
    Stage.CALLER_POOL: "pool",
    Stage.ASSERTED_IDENTITY: "asserted identity plan",
}
_REASONS: Final = {
    reason: common.CallEndReason.Value(f"CALL_END_REASON_{reason}") for reason in EndReason
}


def decision_to_proto(decision: Decision) -> pb.RouteResponse:
    """Return what becomes of a call."""
    known, outcome = decision.known, decision.outcome
    response = pb.RouteResponse()
    _set_numbers(response.numbers, known)
    caller = known.caller
    if caller is not None:
        response.leg_a.CopyFrom(_leg_of_caller(caller))
    if isinstance(known, Facts):
        response.account = known.account
        response.payer = KINDS[known.payer]
    if isinstance(outcome, Refusal):
        response.refusal.CopyFrom(refusal_to_proto(outcome))
        if caller is not None:
            _set_codes(response.refusal.failure_codes, caller.failure_codes)
    else:
        _set_plan(response.plan, outcome, caller)
    return response


def refusal_to_proto(refusal: Refusal) -> pb.Refusal:
    """Return why a call goes nowhere."""
    return pb.Refusal(
        call_end_reason=_REASONS[refusal.reason],
        sip_status=refusal.sip_status,
        explanation=refusal.explanation,
    )


def endpoint_to_proto(endpoint: Endpoint) -> common.Endpoint:
    """Return an endpoint."""
    return common.Endpoint(kind=KINDS[endpoint.kind], name=endpoint.name)


def target_to_proto(target: Target) -> pb.Target:
    """Return where an INVITE can be sent."""
    return pb.Target(host=target.host, port=target.port, transport=_TRANSPORTS[target.transport])


def candidate_to_proto(offer: Offer, attempt: int) -> pb.Candidate:
    """Return one way to the callee, for the attempt of that number."""
    shown = offer.presentation
    candidate = pb.Candidate(
        attempt=attempt,
        request_uri_user=offer.request_uri_user,
        to_user=offer.to_user,
        from_user=offer.numbers.caller,
        from_display=shown.display,
        anonymous=shown.anonymous,
        privacy=shown.privacy,
        asserted_identity=shown.asserted,
        preferred_identity=shown.preferred,
        remote_party_id=shown.remote_party_id,
        withheld=shown.withheld,
        extra_headers=_extra_headers(shown.extra_headers),
        stop_rules=_stop_rules(offer.stop_rules),
        prefix=offer.prefix,
        max_duration=duration_to_proto(offer.max_duration),
    )
    if offer.gateway is not None:
        _add_gateway(candidate, offer.gateway)
    else:
        _add_phone(candidate, offer)
    if offer.ringing is not None:
        candidate.timers.ringing.CopyFrom(Duration(seconds=offer.ringing))
    if offer.rate is not None:
        candidate.cost_per_minute.CopyFrom(money_to_proto(per_minute(offer.rate), offer.rate))
    return candidate


def explanation_to_proto(explanation: Explanation, seed: int) -> pb.ExplainResponse:
    """Return why a call would go where."""
    return pb.ExplainResponse(
        outcome=decision_to_proto(explanation.decision),
        candidates=map(_verdict, explanation.verdicts),
        seed=seed,
    )


def per_minute(rate: Rate) -> Decimal:
    """Return what a minute costs."""
    return rate.price.per_minute


def money_to_proto(amount: Decimal, rate: Rate) -> common.Money:
    """Return an amount in the currency of `rate`."""
    return common.Money(amount=f"{amount.normalize():f}", currency=rate.currency)


def _set_plan(message: pb.Plan, plan: Plan, caller: Caller | None) -> None:
    message.first.CopyFrom(candidate_to_proto(plan.first, 1))
    for other in plan.others:
        message.others.add(kind=KINDS[other.kind], name=other.name)
    policy = message.switch_policy
    policy.until_connect = plan.until_connect
    if plan.switch_limit is not None:
        policy.limit = plan.switch_limit
    if plan.max_duration is not None:
        message.max_duration.FromTimedelta(plan.max_duration)
    if caller is not None:
        _set_codes(message.failure_codes, caller.failure_codes)
        if caller.setup_timeout:
            message.max_setup_duration.CopyFrom(Duration(seconds=caller.setup_timeout))


def _set_codes(field: object, codes: Mapping[int, int]) -> None:
    field.update(codes)  # type: ignore[attr-defined]  # a map field


def _set_numbers(message: pb.Numbers, known: Facts | Stopped) -> None:
    if known.access is not None:
        message.caller_access, message.callee_access = known.access
    if isinstance(known, Facts):
        message.caller, message.callee = known.numbers.caller, known.billed
        message.stages.extend(stages_to_proto(known.steps, known.caller.endpoint))
    elif known.staged is not None and known.caller is not None:
        message.caller, message.callee = known.staged.numbers
        message.stages.extend(stages_to_proto(known.staged.steps, known.caller.endpoint))


def stages_to_proto(steps: Iterable[Step], whose: Endpoint) -> list[pb.NumberStage]:
    """Return what the stages did, by the rules of `whose`."""
    of_whom = f" of {_OBJECTS[whose.kind]} {whose.name}"
    return [
        pb.NumberStage(
            stage=f"{step.party} {_STAGES[step.stage]}{of_whom}",
            before=step.before,
            after=step.after,
            rule=step.rule,
        )
        for step in steps
    ]


@kept
def _leg_of_caller(caller: Caller) -> pb.LegPolicy:
    return leg_to_proto(caller.media, caller.sip, may_transfer=caller.may_transfer)


def _add_gateway(candidate: pb.Candidate, gateway: RoutingGateway) -> None:
    candidate.MergeFrom(_way_to_gateway(gateway))
    credentials = gateway.spec.credentials
    if credentials is not None:
        candidate.credentials.username = credentials.username
        candidate.credentials.password = credentials.password


@kept
def _way_to_gateway(gateway: RoutingGateway) -> pb.Candidate:
    """Return what a gateway's attempts have in common, without its credentials."""
    spec = gateway.spec
    return pb.Candidate(
        endpoint=endpoint_to_proto(gateway.endpoint),
        targets=map(target_to_proto, gateway.targets),
        leg_b=leg_to_proto(spec.media, spec.sip),
        clearing_account=spec.account or "",
        clearing_uses_sent_number=spec.cost.charge_sent_number,
        timers=timers_to_proto(spec.timeouts),
        domain=spec.domain,
    )


def _add_phone(candidate: pb.Candidate, offer: Offer) -> None:
    candidate.endpoint.CopyFrom(endpoint_to_proto(offer.endpoint))
    candidate.leg_b.CopyFrom(
        leg_to_proto(offer.media, offer.sip, may_transfer=_may_transfer(offer))
    )
    if offer.forward is not None:
        candidate.forward.reason = offer.forward.reason
        candidate.forward.numbers.extend(offer.forward.numbers)
        candidate.timers.trying.CopyFrom(PATIENCE)
        candidate.timers.session_progress.CopyFrom(PATIENCE)
    elif offer.phone is not None:
        candidate.callee_account = offer.phone.account


@lru_cache(maxsize=FEW)
def _stop_rules(rules: StopRules) -> pb.StopRules:
    return pb.StopRules(
        after_ringing=rules.after_ringing,
        after_sdp=rules.after_sdp,
        after_rtp=rules.after_rtp,
        after_busy=rules.after_busy,
        after_invite_timeout=rules.after_invite_timeout,
        stop_codes=rules.stop_codes,
        continue_codes=rules.continue_codes,
    )


def _may_transfer(offer: Offer) -> bool:
    return offer.phone is not None and offer.forward is None and offer.phone.may_transfer


def _extra_headers(extra: ExtraHeaders) -> pb.ExtraHeaders | None:
    if extra.mode is ExtraMode.NONE:
        return None
    return pb.ExtraHeaders(all=extra.mode is ExtraMode.ALL, names=extra.names)


def _verdict(verdict: Verdict) -> pb.CandidateExplanation:
    message = pb.CandidateExplanation(
        endpoint=endpoint_to_proto(verdict.gateway.endpoint),
        position=verdict.position,
        excluded_by=verdict.excluded or "",
        explanation=verdict.text,
        calls=verdict.calls,
        capacity=verdict.limit or 0,
    )
    if verdict.offer is not None:
        candidate = candidate_to_proto(verdict.offer, verdict.position)
        candidate.ClearField("credentials")
        message.candidate.CopyFrom(candidate)
        message.stages.extend(stages_to_proto(verdict.offer.steps, verdict.gateway.endpoint))
    if verdict.price is not None:
        message.price_per_minute.CopyFrom(money_to_proto(per_minute(verdict.price), verdict.price))
        if verdict.margin is not None:
            message.margin_per_minute.CopyFrom(money_to_proto(verdict.margin, verdict.price))
    return message
