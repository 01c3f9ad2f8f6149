"""The messages of `trunkline.common.v1`, and how a call to another service is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.common.v1 import common_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.rpc import Channel, Method
from trunkline_kernel.rpc.methods import RequestT, ResponseT

from ...calls.cdr import Attempt, MediaStatistics, StreamStatistics
from ...calls.parties import Endpoint, EndpointKind
from ...calls.reasons import CallEndReason
from ...calls.services import DEADLINE, ServiceError
from ...sip.flow import Address, Transport

TIMEOUT: Final = DEADLINE.total_seconds()

ENDPOINT_KINDS: Final[Mapping[EndpointKind, pb.EndpointKind.ValueType]] = {
    EndpointKind.MAPPING_GATEWAY: pb.ENDPOINT_KIND_MAPPING_GATEWAY,
    EndpointKind.ROUTING_GATEWAY: pb.ENDPOINT_KIND_ROUTING_GATEWAY,
    EndpointKind.PHONE: pb.ENDPOINT_KIND_PHONE,
    EndpointKind.BOUND_NUMBER: pb.ENDPOINT_KIND_BOUND_NUMBER,
}
_ENDPOINT_KINDS: Final = {value: kind for kind, value in ENDPOINT_KINDS.items()}

TRANSPORTS: Final[Mapping[Transport, pb.Transport.ValueType]] = {
    Transport.UDP: pb.TRANSPORT_UDP,
    Transport.TCP: pb.TRANSPORT_TCP,
    Transport.TLS: pb.TRANSPORT_TLS,
    Transport.WS: pb.TRANSPORT_WS,
    Transport.WSS: pb.TRANSPORT_WSS,
}
_TRANSPORTS: Final = {value: transport for transport, value in TRANSPORTS.items()}


REFUSALS: Final = frozenset(
    {
        Fault.INVALID_ARGUMENT,
        Fault.NOT_FOUND,
        Fault.ALREADY_EXISTS,
        Fault.FAILED_PRECONDITION,
        Fault.OUT_OF_RANGE,
    }
)
"""What a service says that is well, of a question that is not."""


async def ask(
    channel: Channel,
    method: Method[RequestT, ResponseT],
    request: RequestT,
    call_id: str = "",
    timeout: float = TIMEOUT,
) -> ResponseT:
    """Call a service within its deadline. Raises `ServiceError` whatever goes wrong."""
    try:
        return await channel.call(method, request, timeout=timeout, call_id=call_id)
    except TrunklineError as error:
        raise ServiceError(
            f"{method.name}: {error}",
            exhausted=error.fault is Fault.RESOURCE_EXHAUSTED,
            unknown=error.fault is Fault.NOT_FOUND,
            refused=error.fault in REFUSALS,
        ) from None


def unexpected(response: Message) -> ServiceError:
    """Return the error for an answer that holds no decision, or one this version doesn't know."""
    return ServiceError(f"{response.DESCRIPTOR.full_name} holds no decision known here")


def set_time(field: Timestamp, time: float) -> None:
    """Write UNIX seconds, to the microsecond.

    What is written where it belongs costs half of what is made, copied there and thrown away.
    """
    seconds, micros = divmod(round(time * 1_000_000), 1_000_000)
    field.seconds = seconds
    field.nanos = micros * 1000


def encode_time(time: float) -> Timestamp:
    """Encode UNIX seconds, to the microsecond."""
    message = Timestamp()
    set_time(message, time)
    return message


def decode_time(time: Timestamp) -> float:
    """Decode into UNIX seconds."""
    return time.seconds + time.nanos / 1e9


def set_span(field: Duration, span: timedelta) -> None:
    """Write a span."""
    field.seconds = span.days * 86400 + span.seconds
    field.nanos = span.microseconds * 1000


def encode_span(span: timedelta) -> Duration:
    """Encode a span."""
    message = Duration()
    set_span(message, span)
    return message


def decode_span(message: Message, field: str) -> timedelta | None:
    """Decode an optional span: None where the field is absent."""
    if not message.HasField(field):
        return None
    span: Duration = getattr(message, field)
    return timedelta(seconds=span.seconds, microseconds=span.nanos // 1000)


def set_address(field: pb.SocketAddress, address: Address) -> None:
    """Write an address."""
    field.ip, field.port = address


def encode_address(address: Address) -> pb.SocketAddress:
    """Encode an address."""
    message = pb.SocketAddress()
    set_address(message, address)
    return message


def decode_address(address: pb.SocketAddress) -> Address:
    """Decode an address."""
    return address.ip, address.port


def set_endpoint(field: pb.Endpoint, endpoint: Endpoint) -> None:
    """Write an endpoint."""
    field.kind = ENDPOINT_KINDS[endpoint.kind]
    field.name = endpoint.name


def encode_endpoint(endpoint: Endpoint) -> pb.Endpoint:
    """Encode an endpoint."""
    message = pb.Endpoint()
    set_endpoint(message, endpoint)
    return message


def decode_endpoint(endpoint: pb.Endpoint) -> Endpoint:
    """Decode an endpoint. Raises `ServiceError` for a kind this version doesn't know."""
    return _endpoint(endpoint.kind, endpoint.name)


@lru_cache(maxsize=4096)  # every call has three, and most are of gateways
def _endpoint(kind: pb.EndpointKind.ValueType, name: str) -> Endpoint:
    return Endpoint(decode_kind(kind), name)


def decode_kind(kind: pb.EndpointKind.ValueType) -> EndpointKind:
    """Decode a kind of endpoint. Raises `ServiceError` for one this version doesn't know."""
    known = _ENDPOINT_KINDS.get(kind)
    if known is None:
        raise ServiceError(f"endpoint kind {kind} is not known here")
    return known


def decode_payer(kind: pb.EndpointKind.ValueType) -> EndpointKind | None:
    """Decode what decides the payer; None where nothing does."""
    return _ENDPOINT_KINDS.get(kind)


def decode_transport(transport: pb.Transport.ValueType) -> Transport:
    """Decode a transport; what is not said is UDP."""
    return _TRANSPORTS.get(transport, Transport.UDP)


def decode_reason(reason: pb.CallEndReason.ValueType) -> CallEndReason:
    """Decode a call end reason; one this version doesn't know is an internal error."""
    try:
        return CallEndReason(reason)
    except ValueError:
        return CallEndReason.INTERNAL_ERROR


def set_attempt(field: pb.Attempt, attempt: Attempt) -> None:
    """Write an attempt."""
    field.number = attempt.number
    set_endpoint(field.endpoint, attempt.endpoint)
    field.caller = attempt.caller
    field.callee = attempt.callee
    set_time(field.start_time, attempt.start_time)
    field.sip_status = attempt.sip_status
    field.q850_cause = attempt.q850_cause
    field.outcome = attempt.outcome
    field.progressed = attempt.progressed
    field.answered = attempt.answered
    if attempt.remote_address is not None:
        set_address(field.remote_address, attempt.remote_address)
    if attempt.post_dial_delay is not None:
        set_span(field.post_dial_delay, attempt.post_dial_delay)
    if attempt.retry_after is not None:
        set_span(field.retry_after, attempt.retry_after)


def set_statistics(field: pb.MediaStatistics, statistics: MediaStatistics) -> None:
    """Write the statistics of both legs."""
    _set_stream(field.leg_a, statistics.leg_a)
    _set_stream(field.leg_b, statistics.leg_b)


def decode_statistics(statistics: pb.MediaStatistics) -> MediaStatistics:
    """Decode the statistics of both legs."""
    return MediaStatistics(decode_stream(statistics.leg_a), decode_stream(statistics.leg_b))


def _set_stream(field: pb.StreamStatistics, stream: StreamStatistics) -> None:
    field.packets = stream.packets
    field.bytes = stream.bytes
    field.packets_lost = stream.packets_lost
    field.jitter_ms = stream.jitter_ms
    field.packets_reordered = stream.packets_reordered
    field.packets_dropped = stream.packets_dropped
    field.round_trip_ms = stream.round_trip_ms
    field.mos = stream.mos
    if stream.last_packet_time is not None:
        set_time(field.last_packet_time, stream.last_packet_time)


def decode_stream(stream: pb.StreamStatistics) -> StreamStatistics:
    """Decode the statistics of one leg."""
    return StreamStatistics(
        stream.packets,
        stream.bytes,
        stream.packets_lost,
        stream.jitter_ms,
        stream.packets_reordered,
        stream.packets_dropped,
        stream.round_trip_ms,
        stream.mos,
        decode_time(stream.last_packet_time) if stream.HasField("last_packet_time") else None,
    )
