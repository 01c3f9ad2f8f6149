"""The client of routing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_kernel.rpc import Channel, method_of

from ...calls.parties import Identity, PassedOn, Passing
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
from .plans import decode_candidate, decode_plan, decode_refusal
from .shared import (
    ask,
    decode_reason,
    set_address,
    set_attempt,
    set_endpoint,
    set_span,
    set_time,
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
_PASSINGS: Final = {
    Passing.FORWARDED: pb.PASSING_FORWARDED,
    Passing.TRANSFERRED: pb.PASSING_TRANSFERRED,
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
                return decode_plan(response)
            case "refusal":
                return decode_refusal(response)
            case _:
                raise unexpected(response)

    async def next_candidate(self, question: NextCandidate) -> NextFound | Exhausted:
        """Book a failure and decide where the call goes next."""
        request = pb.NextCandidateRequest(call_id=question.call_id)
        set_attempt(request.failed, question.failed)
        response = await ask(self._channel, NEXT_CANDIDATE, request, question.call_id)
        match response.WhichOneof("decision"):
            case "candidate":
                return NextFound(decode_candidate(response.candidate))
            case "exhausted":
                refusal = response.exhausted
                reason = decode_reason(refusal.call_end_reason)
                return Exhausted(reason, refusal.sip_status, refusal.explanation)
            case _:
                raise unexpected(response)

    async def release(self, question: Release) -> Released:
        """Free the seats of a call."""
        request = pb.ReleaseRequest(call_id=question.call_id)
        set_span(request.talk_duration, question.talk)
        if question.last is not None:
            set_attempt(request.last, question.last)
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
    request = pb.RouteRequest(
        held_number=question.held_number,
        call_id=question.call_id,
        signaling_instance=question.signaling_instance,
    )
    set_endpoint(request.endpoint, question.endpoint)
    set_address(request.source, question.source)
    _set_identity(request.identity, question.identity)
    set_time(request.setup_time, question.setup_time)
    if question.passed_on is not None:
        _set_passed_on(request.passed_on, question.passed_on)
    return request


def _set_identity(field: pb.Identity, identity: Identity) -> None:
    field.from_user = identity.from_user
    field.from_display = identity.from_display
    field.to_user = identity.to_user
    field.request_uri_user = identity.request_uri_user
    field.diversion_user = identity.diversion_user
    field.remote_party_id_user = identity.remote_party_id_user
    field.asserted_identity = identity.asserted_identity
    field.preferred_identity = identity.preferred_identity
    field.privacy = identity.privacy


def _set_passed_on(field: pb.PassedOn, passed_on: PassedOn) -> None:
    field.passing = _PASSINGS[passed_on.how]
    field.forwarders.extend(each.number for each in passed_on.diversions)


def _encode_report(report: GatewayReport) -> pb.GatewayReport:
    message = pb.GatewayReport(
        name=report.name,
        reachability=_REACHABILITY[report.reachable],
        published_calls=report.published,
    )
    if report.publish_time is not None:
        set_time(message.publish_time, report.publish_time)
    return message


def _encode_seat(seat: Seat) -> pb.Seat:
    message = pb.Seat(call_id=seat.call_id)
    if seat.caller is not None:
        set_endpoint(message.caller, seat.caller)
    if seat.callee is not None:
        set_endpoint(message.callee, seat.callee)
    return message
