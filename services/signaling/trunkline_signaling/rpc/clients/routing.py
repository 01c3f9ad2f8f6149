"""The client of routing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_kernel.rpc import Channel, method_of

from ...calls.media_policy import (
    DEFAULT_DTMF,
    Annex,
    DtmfPolicy,
    DtmfReceive,
    DtmfSend,
    G729Policy,
    Prompts,
    RingTone,
    Spelling,
)
from ...calls.parties import Numbers, PassedOn, Passing, Target
from ...calls.policy import (
    AddressMethod,
    AttemptTimers,
    Candidate,
    Credentials,
    ExtraHeaders,
    Forward,
    LegPolicy,
    MediaCheck,
    MediaProxy,
    RemoteRingSignal,
    StopRules,
    SwitchPolicy,
)
from ...calls.services import (
    Exhausted,
    GatewayReport,
    NextCandidate,
    NextFound,
    Release,
    Released,
    Route,
    Routed,
    Seat,
    Unroutable,
)
from .shared import (
    ask,
    decode_endpoint,
    decode_payer,
    decode_reason,
    decode_span,
    decode_transport,
    encode_address,
    encode_attempt,
    encode_endpoint,
    encode_span,
    encode_time,
    unexpected,
)

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["RoutingService"]
ROUTE: Final = method_of(_SERVICE, "Route", pb.RouteRequest, pb.RouteResponse, idempotent=True)
NEXT_CANDIDATE: Final = method_of(
    _SERVICE,
    "NextCandidate",
    pb.NextCandidateRequest,
    pb.NextCandidateResponse,
    idempotent=True,
)
RELEASE: Final = method_of(
    _SERVICE, "Release", pb.ReleaseRequest, pb.ReleaseResponse, idempotent=True
)
RENEW_LEASES: Final = method_of(
    _SERVICE, "RenewLeases", pb.RenewLeasesRequest, pb.RenewLeasesResponse, idempotent=True
)
ANNOUNCE_SEATS: Final = method_of(
    _SERVICE, "AnnounceSeats", pb.AnnounceSeatsRequest, pb.AnnounceSeatsResponse, idempotent=True
)
REPORT_GATEWAYS: Final = method_of(
    _SERVICE,
    "ReportGateways",
    pb.ReportGatewaysRequest,
    pb.ReportGatewaysResponse,
    idempotent=True,
)

_REACHABILITY: Final[Mapping[bool | None, pb.Reachability.ValueType]] = {
    None: pb.REACHABILITY_UNSPECIFIED,
    True: pb.REACHABILITY_REACHABLE,
    False: pb.REACHABILITY_UNREACHABLE,
}
_MEDIA_PROXY: Final[Mapping[int, MediaProxy]] = {
    pb.MEDIA_PROXY_AUTO: MediaProxy.AUTO,
    pb.MEDIA_PROXY_ON: MediaProxy.ON,
    pb.MEDIA_PROXY_OFF: MediaProxy.OFF,
    pb.MEDIA_PROXY_MUST_ON: MediaProxy.MUST_ON,
}
_MEDIA_CHECK: Final[Mapping[int, MediaCheck]] = {
    pb.MEDIA_CHECK_SENT: MediaCheck.SENT,
    pb.MEDIA_CHECK_RECEIVED: MediaCheck.RECEIVED,
    pb.MEDIA_CHECK_BOTH: MediaCheck.BOTH,
}
_RING_SIGNAL: Final[Mapping[int, RemoteRingSignal]] = {
    pb.REMOTE_RING_SIGNAL_183_WITH_SDP: RemoteRingSignal.SESSION_PROGRESS,
    pb.REMOTE_RING_SIGNAL_180_WITH_SDP: RemoteRingSignal.RINGING,
}
_SPELLING: Final[Mapping[int, Spelling]] = {
    pb.G729_SPELLING_G729: Spelling.G729,
    pb.G729_SPELLING_G729A: Spelling.G729A,
    pb.G729_SPELLING_BOTH: Spelling.BOTH,
}
_ANNEX: Final[Mapping[int, Annex]] = {
    pb.ANNEX_YES: Annex.YES,
    pb.ANNEX_NO: Annex.NO,
    pb.ANNEX_OMIT: Annex.OMIT,
    pb.ANNEX_PASS_THROUGH: Annex.PASS_THROUGH,
}
_DTMF_RECEIVE: Final[Mapping[int, DtmfReceive]] = {
    pb.DTMF_RECEIVE_RFC4733: DtmfReceive.RFC4733,
    pb.DTMF_RECEIVE_INFO: DtmfReceive.INFO,
    pb.DTMF_RECEIVE_OFF: DtmfReceive.OFF,
}
_DTMF_SEND: Final[Mapping[int, DtmfSend]] = {
    pb.DTMF_SEND_RFC4733: DtmfSend.RFC4733,
    pb.DTMF_SEND_INFO: DtmfSend.INFO,
    pb.DTMF_SEND_OFF: DtmfSend.OFF,
}
_PASSINGS: Final = {
    Passing.FORWARDED: pb.PASSING_FORWARDED,
    Passing.TRANSFERRED: pb.PASSING_TRANSFERRED,
}
_ADDRESS_METHOD: Final[Mapping[int, AddressMethod]] = {
    pb.ADDRESS_METHOD_SOURCE_IP: AddressMethod.SOURCE_IP,
    pb.ADDRESS_METHOD_HEADER: AddressMethod.HEADER,
}


class RoutingClient:
    """Satisfies `RoutingService` over a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def route(self, question: Route) -> Routed | Unroutable:
        """Decide where a call goes."""
        response = await ask(self._channel, ROUTE, _encode_route(question), question.call_id)
        match response.WhichOneof("decision"):
            case "plan":
                return _decode_plan(response)
            case "refusal":
                return _decode_refusal(response)
            case _:
                raise unexpected(response)

    async def next_candidate(self, question: NextCandidate) -> NextFound | Exhausted:
        """Book a failure and decide where the call goes next."""
        request = pb.NextCandidateRequest(
            call_id=question.call_id, failed=encode_attempt(question.failed)
        )
        response = await ask(self._channel, NEXT_CANDIDATE, request, question.call_id)
        match response.WhichOneof("decision"):
            case "candidate":
                return NextFound(_decode_candidate(response.candidate))
            case "exhausted":
                refusal = response.exhausted
                reason = decode_reason(refusal.call_end_reason)
                return Exhausted(reason, refusal.sip_status, refusal.explanation)
            case _:
                raise unexpected(response)

    async def release(self, question: Release) -> Released:
        """Free the seats of a call."""
        request = pb.ReleaseRequest(
            call_id=question.call_id, talk_duration=encode_span(question.talk)
        )
        if question.last is not None:
            request.last.CopyFrom(encode_attempt(question.last))
        await ask(self._channel, RELEASE, request, question.call_id)
        return Released()

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        """Keep this instance's seats; False when they are unknown there."""
        request = pb.RenewLeasesRequest(signaling_instance=instance, epoch=epoch)
        return (await ask(self._channel, RENEW_LEASES, request)).known

    async def announce_seats(self, instance: str, epoch: str, seats: list[Seat]) -> None:
        """Tell a routing that has restarted which seats are taken."""
        request = pb.AnnounceSeatsRequest(
            signaling_instance=instance, epoch=epoch, seats=map(_encode_seat, seats)
        )
        await ask(self._channel, ANNOUNCE_SEATS, request)

    async def report_gateways(self, instance: str, reports: Sequence[GatewayReport]) -> None:
        """Tell all that is known about gateways."""
        request = pb.ReportGatewaysRequest(
            signaling_instance=instance, gateways=map(_encode_report, reports)
        )
        await ask(self._channel, REPORT_GATEWAYS, request)


def _encode_route(question: Route) -> pb.RouteRequest:
    identity = question.identity
    return pb.RouteRequest(
        passed_on=_encode_passed_on(question.passed_on),
        call_id=question.call_id,
        signaling_instance=question.signaling_instance,
        endpoint=encode_endpoint(question.endpoint),
        source=encode_address(question.source),
        identity=pb.Identity(
            from_user=identity.from_user,
            from_display=identity.from_display,
            to_user=identity.to_user,
            request_uri_user=identity.request_uri_user,
            diversion_user=identity.diversion_user,
            remote_party_id_user=identity.remote_party_id_user,
            asserted_identity=identity.asserted_identity,
            preferred_identity=identity.preferred_identity,
            privacy=identity.privacy,
        ),
        setup_time=encode_time(question.setup_time),
    )


def _encode_report(report: GatewayReport) -> pb.GatewayReport:
    return pb.GatewayReport(
        name=report.name,
        reachability=_REACHABILITY[report.reachable],
        published_calls=report.published,
    )


def _encode_passed_on(passed_on: PassedOn | None) -> pb.PassedOn | None:
    if passed_on is None:
        return None
    forwarders = (each.number for each in passed_on.diversions)
    return pb.PassedOn(passing=_PASSINGS[passed_on.how], forwarders=forwarders)


def _encode_seat(seat: Seat) -> pb.Seat:
    message = pb.Seat(call_id=seat.call_id)
    if seat.caller is not None:
        message.caller.CopyFrom(encode_endpoint(seat.caller))
    if seat.callee is not None:
        message.callee.CopyFrom(encode_endpoint(seat.callee))
    return message


def _decode_plan(response: pb.RouteResponse) -> Routed:
    plan = response.plan
    return Routed(
        numbers=_decode_numbers(response.numbers),
        account=response.account,
        payer=decode_payer(response.payer),
        first=_decode_candidate(plan.first),
        leg_a=_decode_policy(response.leg_a),
        others=tuple(map(decode_endpoint, plan.others)),
        switch_policy=_decode_switch_policy(plan.switch_policy),
        max_duration=decode_span(plan, "max_duration"),
        max_setup_duration=decode_span(plan, "max_setup_duration"),
        failure_codes=dict(plan.failure_codes),
        explanation_id=response.explanation_id,
    )


def _decode_refusal(response: pb.RouteResponse) -> Unroutable:
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
        leg_a=_decode_policy(response.leg_a),
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


def _decode_candidate(candidate: pb.Candidate) -> Candidate:
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
        extra_headers=_decode_extra_headers(candidate.extra_headers),
        leg_b=_decode_policy(candidate.leg_b),
        timers=_decode_timers(candidate.timers),
        stop_rules=_decode_stop_rules(candidate.stop_rules),
        credentials=_decode_credentials(candidate),
        max_duration=decode_span(candidate, "max_duration"),
        callee_account=candidate.callee_account,
        domain=candidate.domain,
        clearing_uses_sent_number=candidate.clearing_uses_sent_number,
        forward=_decode_forward(candidate),
    )


def decode_target(target: pb.Target) -> Target:
    """Return where an INVITE or another request can be sent."""
    return Target(target.host, target.port, decode_transport(target.transport))


def _decode_timers(timers: pb.AttemptTimers) -> AttemptTimers:
    return AttemptTimers(
        decode_span(timers, "invite"),
        decode_span(timers, "trying"),
        decode_span(timers, "session_progress"),
        decode_span(timers, "session_progress_sdp"),
        decode_span(timers, "ringing"),
    )


def _decode_stop_rules(rules: pb.StopRules) -> StopRules:
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


def _decode_extra_headers(extra: pb.ExtraHeaders) -> ExtraHeaders:
    return ExtraHeaders(extra.all, tuple(extra.names))


def _decode_credentials(candidate: pb.Candidate) -> Credentials | None:
    if not candidate.HasField("credentials"):
        return None
    return Credentials(candidate.credentials.username, candidate.credentials.password)


def _decode_policy(policy: pb.LegPolicy) -> LegPolicy:
    return LegPolicy(
        media_proxy=_MEDIA_PROXY.get(policy.media_proxy),
        media_check=_MEDIA_CHECK.get(policy.media_check, MediaCheck.NONE),
        encrypt=policy.encrypt,
        record=policy.record,
        remote_ring_signal=_RING_SIGNAL.get(
            policy.remote_ring_signal, RemoteRingSignal.PASS_THROUGH
        ),
        response_address=_ADDRESS_METHOD.get(policy.response_address, AddressMethod.SOCKET),
        request_address=_ADDRESS_METHOD.get(policy.request_address, AddressMethod.SOCKET),
        codecs=tuple(policy.codecs),
        codec_conversion=policy.codec_conversion,
        g729=G729Policy(
            _SPELLING.get(policy.g729.spelling, Spelling.AUTO),
            _ANNEX.get(policy.g729.annex_b, Annex.AUTO),
            _ANNEX.get(policy.g729.g723_annex_a, Annex.AUTO),
        ),
        dtmf=_decode_dtmf(policy),
        session_timer=policy.session_timer,
        reliable_provisionals=policy.reliable_provisionals,
        t38=policy.t38,
        srtp=policy.srtp,
        transfer=policy.transfer,
        ring_tone=_decode_ring_tone(policy),
        prompts=_decode_prompts(policy.prompts),
    )


def _decode_dtmf(policy: pb.LegPolicy) -> DtmfPolicy:
    if not policy.HasField("dtmf"):
        return DEFAULT_DTMF
    dtmf = policy.dtmf
    return DtmfPolicy(
        _DTMF_RECEIVE.get(dtmf.receive, DtmfReceive.ALL),
        _DTMF_SEND.get(dtmf.send, DtmfSend.AUTO),
        dtmf.payload_type or DEFAULT_DTMF.payload_type,
        dtmf.detect_inband,
        dtmf.send_inband,
        dtmf.use_peer_ability,
    )


def _decode_prompts(prompts: pb.Prompts) -> Prompts:
    unable = prompts.unable_to_connect if prompts.HasField("unable_to_connect") else None
    balance = prompts.balance_not_enough if prompts.HasField("balance_not_enough") else None
    return Prompts(unable, balance, prompts.language)


def _decode_ring_tone(policy: pb.LegPolicy) -> RingTone | None:
    if not policy.HasField("ring_tone"):
        return None
    return RingTone(policy.ring_tone.audio, policy.ring_tone.delay.ToTimedelta())
