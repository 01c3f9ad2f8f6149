"""The contract's requests as domain values. What is missing or unreadable is refused here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline.common.v1 import common_pb2 as common
from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_kernel.faults import FieldViolation

from ..calls.call import Call, Identity, PassedOn, Passing
from ..calls.decision import Attempt
from ..calls.health import GatewayReport
from ..errors import BadCall
from ..model.callers import Endpoint, Kind

_REACHABLE: Final = {
    pb.REACHABILITY_REACHABLE: True,
    pb.REACHABILITY_UNREACHABLE: False,
}

_PASSINGS: Final = {
    pb.PASSING_FORWARDED: Passing.FORWARDED,
    pb.PASSING_TRANSFERRED: Passing.TRANSFERRED,
}

_CANCELLED: Final = 487
"""SIP status of an attempt whose caller gave up."""

_KINDS: Final = {
    common.ENDPOINT_KIND_MAPPING_GATEWAY: Kind.MAPPING_GATEWAY,
    common.ENDPOINT_KIND_ROUTING_GATEWAY: Kind.ROUTING_GATEWAY,
    common.ENDPOINT_KIND_PHONE: Kind.PHONE,
}


def call_from_proto(request: pb.RouteRequest, now: datetime, *, thought_of: bool = False) -> Call:
    """Return the call. One that is only thought of needs no id and no instance.

    Raises `BadCall` for missing fields.
    """
    if not thought_of and not (request.call_id and request.signaling_instance):
        names = ("call_id", "signaling_instance")
        missing = [name for name in names if not getattr(request, name)]
        raise BadCall(violations=[FieldViolation(name, "is required") for name in missing])
    return Call(
        id=request.call_id,
        instance=request.signaling_instance,
        endpoint=endpoint_from_proto(request.endpoint, "endpoint"),
        source=request.source.ip,
        identity=_identity(request.identity),
        time=_setup_time(request, now),
        passed_on=_passed_on(request.passed_on) if request.HasField("passed_on") else None,
        held=request.held_number,
    )


def endpoint_from_proto(endpoint: common.Endpoint, field: str) -> Endpoint:
    """Return the endpoint. Raises `BadCall` when it names none."""
    kind = _KINDS.get(endpoint.kind)
    if kind is None or not endpoint.name:
        raise BadCall(violations=[FieldViolation(field, "expected a kind and a name")])
    return Endpoint(kind, endpoint.name)


def attempt_from_proto(attempt: common.Attempt, talk: timedelta = timedelta(0)) -> Attempt:
    """Return how an attempt ended. Raises `BadCall` for one without number or endpoint."""
    if not attempt.number:
        raise BadCall(violations=[FieldViolation("attempt.number", "expected 1 or more")])
    waits = attempt.HasField("retry_after")
    return Attempt(
        number=attempt.number,
        endpoint=endpoint_from_proto(attempt.endpoint, "attempt.endpoint"),
        answered=attempt.answered,
        progressed=attempt.progressed,
        retry_after=attempt.retry_after.ToTimedelta() if waits else None,
        talk=talk,
        sip_status=attempt.sip_status,
        q850_cause=attempt.q850_cause,
        abandoned=attempt.sip_status == _CANCELLED and not attempt.progressed,
    )


def seat_from_proto(seat: pb.Seat) -> tuple[str, Endpoint | None, Endpoint | None]:
    """Return a live call's id, and who of caller and callee has a seat. Raises `BadCall`."""
    if not seat.call_id:
        raise BadCall(violations=[FieldViolation("seats.call_id", "is required")])
    calls, called = seat.HasField("caller"), seat.HasField("callee")
    return (
        seat.call_id,
        endpoint_from_proto(seat.caller, "seats.caller") if calls else None,
        endpoint_from_proto(seat.callee, "seats.callee") if called else None,
    )


def report_from_proto(report: pb.GatewayReport) -> GatewayReport:
    """Return what is known about a gateway. Raises `BadCall` when it names none."""
    if not report.name:
        raise BadCall(violations=[FieldViolation("gateways.name", "is required")])
    published = report.published_calls if report.HasField("published_calls") else None
    return GatewayReport(
        name=report.name,
        reachable=_REACHABLE.get(report.reachability),
        published=published,
        publish_time=_publish_time(report, published),
    )


def _publish_time(report: pb.GatewayReport, published: int | None) -> float | None:
    """Return when it published; of a signaling that doesn't tell, before whoever does."""
    if report.HasField("publish_time"):
        return report.publish_time.ToDatetime(UTC).timestamp()
    return None if published is None else 0.0


def _passed_on(passed_on: pb.PassedOn) -> PassedOn:
    how = _PASSINGS.get(passed_on.passing)
    if how is None:
        raise BadCall(violations=[FieldViolation("passed_on.passing", "is required")])
    return PassedOn(how, tuple(passed_on.forwarders))


def _setup_time(request: pb.RouteRequest, now: datetime) -> datetime:
    if not request.HasField("setup_time"):
        return now
    try:
        return request.setup_time.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCall(violations=[FieldViolation("setup_time", "expected a time")]) from error


def _identity(identity: pb.Identity) -> Identity:
    return Identity(
        from_user=identity.from_user,
        from_display=identity.from_display,
        to_user=identity.to_user,
        request_uri_user=identity.request_uri_user,
        diversion_user=identity.diversion_user,
        remote_party_id_user=identity.remote_party_id_user,
        asserted_identity=identity.asserted_identity,
        preferred_identity=identity.preferred_identity,
        privacy=identity.privacy,
    )
