"""The domain's outcomes as messages of trunkline.auth.v1."""

from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.auth.v1 import auth_pb2
from trunkline.common.v1 import common_pb2

from ..admission.decisions import AdmittedBy, Allow, Challenged, Decision, Drop, Refusal, Reject
from ..admission.failures import Suspension, SuspensionKind
from ..admission.registrar import Registered
from ..identity import EndpointId, EndpointKind, SocketAddress, Transport
from ..registrations import Binding

_KINDS: Final = {
    EndpointKind.MAPPING_GATEWAY: common_pb2.ENDPOINT_KIND_MAPPING_GATEWAY,
    EndpointKind.ROUTING_GATEWAY: common_pb2.ENDPOINT_KIND_ROUTING_GATEWAY,
    EndpointKind.PHONE: common_pb2.ENDPOINT_KIND_PHONE,
}
_TRANSPORTS: Final = {
    Transport.UDP: common_pb2.TRANSPORT_UDP,
    Transport.TCP: common_pb2.TRANSPORT_TCP,
    Transport.TLS: common_pb2.TRANSPORT_TLS,
    Transport.WS: common_pb2.TRANSPORT_WS,
    Transport.WSS: common_pb2.TRANSPORT_WSS,
}
_ADMITTED_BY: Final = {
    AdmittedBy.ADDRESS: auth_pb2.ADMITTED_BY_ADDRESS,
    AdmittedBy.ADDRESS_AND_PORT: auth_pb2.ADMITTED_BY_ADDRESS_AND_PORT,
    AdmittedBy.BINDING: auth_pb2.ADMITTED_BY_BINDING,
    AdmittedBy.DIGEST: auth_pb2.ADMITTED_BY_DIGEST,
    AdmittedBy.NAME: auth_pb2.ADMITTED_BY_NAME,
}
_SUSPENSIONS: Final = {
    SuspensionKind.AUTHENTICATION: auth_pb2.SUSPENSION_KIND_AUTHENTICATION,
    SuspensionKind.REGISTRATION: auth_pb2.SUSPENSION_KIND_REGISTRATION,
    SuspensionKind.LOGIN: auth_pb2.SUSPENSION_KIND_LOGIN,
}


def admit_response(decision: Decision, screened: bool) -> auth_pb2.AdmitResponse:
    match decision:
        case Allow():
            return auth_pb2.AdmitResponse(allow=_allow(decision, screened))
        case Challenged():
            return auth_pb2.AdmitResponse(challenge=_challenge(decision))
        case Reject():
            return auth_pb2.AdmitResponse(reject=_reject(decision))
        case Drop():
            return auth_pb2.AdmitResponse(drop=_drop(decision))


def register_response(outcome: Registered | Refusal) -> auth_pb2.RegisterResponse:
    match outcome:
        case Registered():
            return auth_pb2.RegisterResponse(registered=_registered(outcome))
        case Challenged():
            return auth_pb2.RegisterResponse(challenge=_challenge(outcome))
        case Reject():
            return auth_pb2.RegisterResponse(reject=_reject(outcome))
        case Drop():
            return auth_pb2.RegisterResponse(drop=_drop(outcome))


def binding(value: Binding) -> auth_pb2.Binding:
    return auth_pb2.Binding(
        endpoint=endpoint(value.endpoint),
        contact=value.contact,
        received_address=_address(value.received),
        local_address=_address(value.local) if value.local else None,
        transport=_TRANSPORTS[value.transport],
        user_agent=value.user_agent,
        signaling_instance=value.signaling_instance,
        register_time=_timestamp(value.registered),
        update_time=_timestamp(value.updated),
        expire_time=_timestamp(value.expires),
        behind_nat=value.behind_nat,
        reachable=value.reachable,
        instance_id=value.instance_id,
    )


def suspension(value: Suspension) -> auth_pb2.Suspension:
    return auth_pb2.Suspension(
        identity=value.key.identity,
        ip=value.key.ip,
        kind=_SUSPENSIONS[value.key.kind],
        expire_time=_timestamp(value.until),
    )


def page_token(last: EndpointId) -> str:
    return str(last)


def _registered(outcome: Registered) -> auth_pb2.Registered:
    message = auth_pb2.Registered(endpoint=endpoint(outcome.endpoint))
    if outcome.binding is not None:
        message.behind_nat = outcome.binding.behind_nat
        contact = message.contacts.add(
            uri=outcome.binding.contact, instance_id=outcome.binding.instance_id
        )
        contact.expires_duration.FromTimedelta(outcome.granted)
    return message


def _allow(decision: Allow, screened: bool) -> auth_pb2.Allow:
    known = endpoint(decision.endpoint.id) if decision.endpoint else None
    by = _ADMITTED_BY[decision.by]
    return auth_pb2.Allow(endpoint=known, admitted_by=by, screened=screened)


def _challenge(decision: Challenged) -> auth_pb2.Challenge:
    challenge = decision.challenge
    return auth_pb2.Challenge(
        status_code=challenge.status_code,
        challenges=challenge.header_values(),
        unknown_source=decision.unknown_source,
    )


def _reject(decision: Reject) -> auth_pb2.Reject:
    return auth_pb2.Reject(
        status_code=decision.status_code,
        call_end_reason=common_pb2.CALL_END_REASON_AUTHENTICATION_FAILED,
        explanation=f"{decision.reason}: {decision.explanation}",
        unknown_source=decision.unknown_source,
        min_expires=int(decision.min_expires.total_seconds()) if decision.min_expires else 0,
    )


def _drop(decision: Drop) -> auth_pb2.Drop:
    return auth_pb2.Drop(explanation=f"{decision.reason}: {decision.explanation}")


def endpoint(value: EndpointId) -> common_pb2.Endpoint:
    return common_pb2.Endpoint(kind=_KINDS[value.kind], name=value.name)


def _address(value: SocketAddress) -> common_pb2.SocketAddress:
    return common_pb2.SocketAddress(ip=str(value.ip), port=value.port)


def _timestamp(value: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(value)
    return message
