"""trunkline.auth.v1.AuthService: every outcome on the wire, every mistake named by its field."""

from typing import Any, Final

import pytest
from google.protobuf.message import Message
from support.auth_doors import answer, phone, static_gateway
from support.auth_service import RunningAuth
from trunkline.auth.v1 import auth_pb2 as pb
from trunkline.common.v1.common_pb2 import (
    CALL_END_REASON_AUTHENTICATION_FAILED,
    ENDPOINT_KIND_MAPPING_GATEWAY,
    ENDPOINT_KIND_PHONE,
    TRANSPORT_UDP,
    Endpoint,
    SocketAddress,
)
from trunkline_auth.admission.policy import Policy
from trunkline_kernel.faults import Fault, RemoteError

ALICE: Final = Endpoint(kind=ENDPOINT_KIND_PHONE, name="1001")


def request(source: str = "192.0.2.10", method: str = "INVITE", **more: Any) -> pb.AdmitRequest:
    fields: dict[str, Any] = {
        "method": method,
        "source": SocketAddress(ip=source, port=5060),
        "transport": TRANSPORT_UDP,
        "request_uri": "sip:4930123@trunkline.test",
        "from_user": "1001",
        "to_user": "1001",
        "call_id": "call-1",
        "branch": "z9hG4bK-1",
    }
    return pb.AdmitRequest(**{**fields, **more})


def register(admit: pb.AdmitRequest, **more: Any) -> pb.RegisterRequest:
    contact = pb.RegisterContact(uri="sip:1001@10.0.0.5:5060", instance_id="<urn:uuid:1>")
    return pb.RegisterRequest(
        admit=admit,
        contacts=[contact],
        via_sent_by=SocketAddress(ip="10.0.0.5", port=5060),
        signaling_instance="signaling-0",
        cseq=1,
        **more,
    )


async def registered(auth: RunningAuth, **more: Any) -> pb.RegisterResponse:
    """Register 1001 through a challenge."""
    met = await auth.ask(register(request(method="REGISTER"), **more))
    authorization = answer(met.challenge.challenges[0], "1001", "right", "REGISTER")
    signed = request(method="REGISTER", authorization=[authorization])
    response: pb.RegisterResponse = await auth.ask(register(signed, **more))
    return response


@pytest.fixture
def alice(auth: RunningAuth) -> RunningAuth:
    auth.house.directory.put(phone("1001", "right"))
    return auth


async def test_a_static_gateway_is_allowed_by_name(auth: RunningAuth) -> None:
    auth.house.directory.put(static_gateway("acme", "192.0.2.10"))

    response = await auth.ask(request())

    assert response.allow.endpoint == Endpoint(kind=ENDPOINT_KIND_MAPPING_GATEWAY, name="acme")
    assert response.allow.admitted_by == pb.ADMITTED_BY_ADDRESS
    assert auth.shows('trunkline_auth_admits_total{outcome="allowed",reason="address"} 1.0')


async def test_the_number_called_tells_gateways_apart(auth: RunningAuth) -> None:
    auth.house.directory.put(static_gateway("alpha", "192.0.2.10"))
    auth.house.directory.put(static_gateway("berlin", "192.0.2.10", callee_prefixes=("4930",)))

    response = await auth.ask(request(request_uri="sip:+4930123;phone-context=x@trunkline.test"))

    assert response.allow.endpoint.name == "berlin"


async def test_a_phone_is_challenged_and_then_allowed(alice: RunningAuth) -> None:
    met = await alice.ask(request())
    authorization = answer(met.challenge.challenges[1], "1001", "right", "INVITE")

    response = await alice.ask(request(authorization=[authorization]))

    assert met.challenge.status_code == 401
    assert len(met.challenge.challenges) == 2
    assert response.allow.endpoint == ALICE
    assert response.allow.admitted_by == pb.ADMITTED_BY_DIGEST


async def test_a_source_known_by_name_alone_has_no_endpoint(alice: RunningAuth) -> None:
    response = await alice.ask(request(method="OPTIONS"))

    assert response.allow.admitted_by == pb.ADMITTED_BY_NAME
    assert not response.allow.HasField("endpoint")


async def test_a_stranger_is_rejected_and_counted(auth: RunningAuth) -> None:
    response = await auth.ask(request("198.51.100.1"))

    assert response.reject == pb.Reject(
        status_code=403,
        call_end_reason=CALL_END_REASON_AUTHENTICATION_FAILED,
        explanation="unauthorized: 198.51.100.1:5060 is unknown",
        unknown_source=True,
    )
    assert auth.shows(
        'trunkline_auth_unauthorized_requests_total{action="rejected",method="INVITE"} 1.0'
    )


async def test_a_stranger_is_dropped_and_counted_where_silence_is_wanted(auth: RunningAuth) -> None:
    auth.house.policy = Policy(reply_unauthorized=False)

    response = await auth.ask(request("198.51.100.1", method="X-SCAN"))

    assert response.drop.explanation == "unauthorized: 198.51.100.1:5060 is unknown"
    assert auth.shows(
        'trunkline_auth_unauthorized_requests_total{action="dropped",method="other"} 1.0'
    )


async def test_a_registration_is_granted_and_located(alice: RunningAuth) -> None:
    response = await registered(alice, expires=7200)
    located = await alice.ask(pb.LocateRequest(endpoint=ALICE))

    contact = response.registered.contacts[0]
    assert contact.uri == "sip:1001@10.0.0.5:5060"
    assert contact.expires_duration.seconds == 3600
    assert contact.instance_id == "<urn:uuid:1>"
    assert response.registered.behind_nat
    binding = located.bindings[0]
    assert binding.received_address == SocketAddress(ip="192.0.2.10", port=5060)
    assert binding.signaling_instance == "signaling-0"
    assert binding.expire_time.seconds - binding.update_time.seconds == 3600


async def test_a_registration_too_brief_is_told_the_least(alice: RunningAuth) -> None:
    response = await registered(alice, expires=10)

    assert (response.reject.status_code, response.reject.min_expires) == (423, 60)


async def test_a_terminal_that_is_offline_has_no_binding(alice: RunningAuth) -> None:
    located = await alice.ask(pb.LocateRequest(endpoint=ALICE))

    assert not located.bindings


async def test_registrations_are_listed_page_by_page(alice: RunningAuth) -> None:
    await registered(alice)

    first = await alice.ask(pb.ListRegistrationsRequest(page_size=1))
    second = await alice.ask(pb.ListRegistrationsRequest(page_token=first.next_page_token))

    assert [each.endpoint.name for each in first.bindings] == ["1001"]
    assert (list(second.bindings), second.next_page_token) == ([], "")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (pb.ListRegistrationsRequest(signaling_instance="signaling-0", behind_nat=True), ["1001"]),
        (pb.ListRegistrationsRequest(signaling_instance="signaling-9"), []),
    ],
    ids=["its holder", "another instance"],
)
async def test_sig07_an_instance_asks_for_its_own_terminals_behind_nat(
    alice: RunningAuth, asked: pb.ListRegistrationsRequest, names: list[str]
) -> None:
    await registered(alice)

    found = await alice.ask(asked)

    assert [each.endpoint.name for each in found.bindings] == names


async def test_aut08_due_checks_come_with_their_interval(alice: RunningAuth) -> None:
    due = await alice.ask(pb.ListDueChecksRequest(signaling_instance="signaling-0"))

    assert due.interval_duration.seconds == 60


async def test_an_operator_removes_a_registration_once(alice: RunningAuth) -> None:
    await registered(alice)
    removal = pb.RemoveRegistrationRequest(endpoint=ALICE)

    await alice.ask(removal)

    with pytest.raises(RemoteError) as raised:
        await alice.ask(removal)
    assert (raised.value.fault, raised.value.reason) == (Fault.NOT_FOUND, "NO_BINDING")


async def test_a_suspension_is_listed_and_lifted_once(alice: RunningAuth) -> None:
    alice.house.policy = Policy(session_retry=1)
    met = await alice.ask(request())
    wrong = answer(met.challenge.challenges[0], "1001", "wrong", "INVITE")
    await alice.ask(request(authorization=[wrong]))

    listed = await alice.ask(pb.ListSuspensionsRequest())
    lifted = await alice.ask(pb.LiftSuspensionRequest(identity="1001"))

    assert [(each.identity, each.ip, each.kind) for each in listed.suspensions] == [
        ("1001", "192.0.2.10", pb.SUSPENSION_KIND_AUTHENTICATION)
    ]
    assert lifted.lifted == 1
    with pytest.raises(RemoteError) as raised:
        await alice.ask(pb.LiftSuspensionRequest(identity="1001"))
    assert (raised.value.fault, raised.value.reason) == (Fault.NOT_FOUND, "NO_SUSPENSION")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param(request(method=""), "method", id="no method"),
        pytest.param(request(call_id=""), "call_id", id="no Call-ID"),
        pytest.param(request(transport=0), "transport", id="no transport"),
        pytest.param(request("nowhere"), "source.ip", id="a source that is no address"),
        pytest.param(
            request(local_address=SocketAddress(ip="here")), "local_address.ip", id="no local ip"
        ),
        pytest.param(pb.LocateRequest(), "endpoint.kind", id="no kind"),
        pytest.param(
            pb.LocateRequest(endpoint=Endpoint(kind=ENDPOINT_KIND_PHONE)),
            "endpoint.name",
            id="no name",
        ),
        pytest.param(pb.ListRegistrationsRequest(page_size=1001), "page_size", id="a huge page"),
        pytest.param(pb.ListRegistrationsRequest(page_token="x"), "page_token", id="made up"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(
    auth: RunningAuth, wrong: Message, field: str
) -> None:
    with pytest.raises(RemoteError) as raised:
        await auth.ask(wrong)

    assert raised.value.fault is Fault.INVALID_ARGUMENT
    assert [each.field for each in raised.value.violations] == [field]
