"""Requests of trunkline.auth.v1 as the domain's values. Whatever is wrong is named by its field."""

from datetime import timedelta
from typing import Final

from trunkline.auth.v1 import auth_pb2
from trunkline.common.v1 import common_pb2
from trunkline_kernel.faults import FieldViolation, InvalidArgument

from ..admission.registrar import CheckOutcome, RegisterRequest
from ..admission.requests import SipRequest
from ..errors import InvalidAddress
from ..identity import EndpointId, EndpointKind, SocketAddress, Transport, parse_ip
from ..registrations import RequestedContact

DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 1000

_TRANSPORTS: Final = {
    common_pb2.TRANSPORT_UDP: Transport.UDP,
    common_pb2.TRANSPORT_TCP: Transport.TCP,
    common_pb2.TRANSPORT_TLS: Transport.TLS,
    common_pb2.TRANSPORT_WS: Transport.WS,
    common_pb2.TRANSPORT_WSS: Transport.WSS,
}
_KINDS: Final = {
    common_pb2.ENDPOINT_KIND_MAPPING_GATEWAY: EndpointKind.MAPPING_GATEWAY,
    common_pb2.ENDPOINT_KIND_ROUTING_GATEWAY: EndpointKind.ROUTING_GATEWAY,
    common_pb2.ENDPOINT_KIND_PHONE: EndpointKind.PHONE,
}


def sip_request(message: auth_pb2.AdmitRequest) -> SipRequest:
    """Return the request; raise InvalidArgument where signaling left something out."""
    transport = _TRANSPORTS.get(message.transport)
    if not message.method:
        raise invalid("method", "expected a SIP method")
    if not message.call_id:
        raise invalid("call_id", "expected the Call-ID")
    if transport is None:
        raise invalid("transport", "expected UDP, TCP, TLS, WS or WSS")
    return SipRequest(
        message.method,
        _address("source", message.source),
        message.call_id,
        transport,
        _address("local_address", message.local_address) if message.local_address.ip else None,
        _user(message.request_uri),
        message.from_user,
        message.to_user,
        message.branch,
        tuple(message.authorization),
        tuple(message.proxy_authorization),
        message.user_agent,
    )


def register_request(message: auth_pb2.RegisterRequest) -> RegisterRequest:
    """Return the REGISTER; raise InvalidArgument where signaling left something out."""
    return RegisterRequest(
        sip_request(message.admit),
        [
            RequestedContact(
                each.uri,
                timedelta(seconds=each.expires) if each.HasField("expires") else None,
                each.instance_id,
            )
            for each in message.contacts
        ],
        timedelta(seconds=message.expires) if message.HasField("expires") else None,
        message.cseq,
        _sent_by(message.via_sent_by),
        message.signaling_instance,
    )


def check_outcome(message: auth_pb2.CheckOutcome) -> CheckOutcome:
    """Return the outcome; raise InvalidArgument if it is of nobody."""
    return CheckOutcome(endpoint_id(message.endpoint), message.contact, message.alive)


def endpoint_id(message: common_pb2.Endpoint) -> EndpointId:
    """Return the endpoint; raise InvalidArgument if it has no kind or no name."""
    kind = _KINDS.get(message.kind)
    if kind is None:
        raise invalid("endpoint.kind", "expected a mapping gateway, routing gateway or phone")
    if not message.name:
        raise invalid("endpoint.name", "expected a name")
    return EndpointId(kind, message.name)


def page_size(size: int) -> int:
    """Return how many to list; raise InvalidArgument beyond `MAX_PAGE`."""
    if size > MAX_PAGE:
        raise invalid("page_size", f"expected 0 to {MAX_PAGE}")
    return size or DEFAULT_PAGE


def page_token(token: str) -> EndpointId | None:
    """Return the endpoint a page ended with; raise InvalidArgument for what is no token of ours."""
    if not token:
        return None
    kind, _, name = token.partition("/")
    try:
        return EndpointId(EndpointKind(kind), name)
    except ValueError:
        raise invalid("page_token", "expected the token of the page before") from None


def _address(field: str, message: common_pb2.SocketAddress) -> SocketAddress:
    try:
        return SocketAddress(parse_ip(message.ip), message.port)
    except InvalidAddress as error:
        raise invalid(f"{field}.ip", error.message) from None


def _sent_by(message: common_pb2.SocketAddress) -> SocketAddress | None:
    try:
        return SocketAddress(parse_ip(message.ip), message.port)
    except InvalidAddress:
        return None  # a host name is as good a sent-by


def _user(uri: str) -> str:
    before, at, _ = uri.partition("@")
    return before.partition(":")[2].partition(";")[0] if at else ""


def invalid(field: str, expected: str) -> InvalidArgument:
    """Return the error that names one wrong field."""
    return InvalidArgument(violations=[FieldViolation(field, expected)])
