"""Online status and vendors' names, as routing, auth and signaling tell them (MGT-06, MGT-10)."""

import json
import time
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from support.command import FakeSwitch, Run
from trunkline.auth.v1 import auth_pb2, auth_pb2_grpc
from trunkline.common.v1 import common_pb2
from trunkline.routing.v1 import routing_pb2, routing_pb2_grpc
from trunkline.signaling.v1 import signaling_pb2, signaling_pb2_grpc
from trunkline_cli.services import Service

VOX = common_pb2.Endpoint(
    kind=common_pb2.EndpointKind.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier"
)
PHONE = common_pb2.Endpoint(kind=common_pb2.EndpointKind.ENDPOINT_KIND_PHONE, name="1001")
DESK = common_pb2.Endpoint(kind=common_pb2.EndpointKind.ENDPOINT_KIND_PHONE, name="1000")
FAX = common_pb2.Endpoint(kind=common_pb2.EndpointKind.ENDPOINT_KIND_PHONE, name="1002")


def binding(endpoint: common_pb2.Endpoint, *, reachable: bool = True) -> auth_pb2.Binding:
    return auth_pb2.Binding(
        endpoint=endpoint,
        contact=f"sip:{endpoint.name}@10.0.0.9",
        received_address=common_pb2.SocketAddress(ip="198.51.100.9", port=40000),
        local_address=common_pb2.SocketAddress(ip="192.0.2.1", port=5061),
        transport=common_pb2.Transport.TRANSPORT_TLS,
        signaling_instance="signaling-2",
        register_time=Timestamp(seconds=1_700_000_000),
        update_time=Timestamp(seconds=1_700_000_600),
        behind_nat=True,
        reachable=reachable,
    )


class Auth(auth_pb2_grpc.AuthServiceServicer):
    def ListRegistrations(self, request: auth_pb2.ListRegistrationsRequest, context: Any) -> Any:
        if not request.page_token:
            return auth_pb2.ListRegistrationsResponse(
                bindings=[binding(PHONE)], next_page_token="1"
            )
        return auth_pb2.ListRegistrationsResponse(bindings=[binding(FAX, reachable=False)])


class Routing(routing_pb2_grpc.RoutingServiceServicer):
    def ListGateways(self, request: routing_pb2.ListGatewaysRequest, context: Any) -> Any:
        return routing_pb2.ListGatewaysResponse(
            gateways=[
                routing_pb2.GatewayStatus(
                    endpoint=VOX,
                    calls=6,
                    capacity=500,
                    answer_seizure_ratio=50,
                    average_call_duration=Duration(seconds=65),
                    disabled_until_time=Timestamp(seconds=int(time.time()) + 20),
                    reachable=True,
                    targets=[
                        routing_pb2.Target(host="sip.vox.example"),
                        routing_pb2.Target(host="192.0.2.7", port=5070),
                    ],
                ),
                routing_pb2.GatewayStatus(
                    endpoint=PHONE, calls=1, answer_seizure_ratio=-1, reachable=True
                ),
                routing_pb2.GatewayStatus(endpoint=DESK, answer_seizure_ratio=-1, reachable=True),
            ]
        )


class Signaling(signaling_pb2_grpc.SignalingServiceServicer):
    def ListNames(self, request: signaling_pb2.ListNamesRequest, context: Any) -> Any:
        return signaling_pb2.ListNamesResponse(
            names=[
                signaling_pb2.HostName(
                    host="sip.vox.example",
                    addresses=[common_pb2.SocketAddress(ip="192.0.2.7", port=5070)],
                    resolve_time=Timestamp(seconds=1_700_000_000),
                    refresh_duration=Duration(seconds=61),
                ),
                signaling_pb2.HostName(host="gone.example", port=5060, problem="NXDOMAIN"),
            ]
        )


@pytest.fixture
def switch() -> FakeSwitch:
    switch = FakeSwitch()
    switch.servicers = {
        Service.AUTH: [
            (auth_pb2_grpc.add_AuthServiceServicer_to_server, Auth())  # type: ignore[abstract]
        ],
        Service.ROUTING: [
            (
                routing_pb2_grpc.add_RoutingServiceServicer_to_server,
                Routing(),  # type: ignore[abstract]
            )
        ],
        Service.SIGNALING: [
            (
                signaling_pb2_grpc.add_SignalingServiceServicer_to_server,
                Signaling(),  # type: ignore[abstract]
            )
        ],
    }
    return switch


def test_mgt10_gateways_and_phones_are_shown_with_their_registration(run: Run) -> None:
    vox, phone, desk, fax = (line.split() for line in run("online").out.splitlines()[1:])

    assert vox[:3] == ["voxcarrier", "routing", "gateway"]
    assert {"6/500", "50", "1:05", "sip.vox.example,", "192.0.2.7:5070"} <= set(vox)
    assert {"1/-", "sip:1001@10.0.0.9", "198.51.100.9:40000", "yes"} <= set(phone)
    assert {"192.0.2.1:5061", "tls", "signaling-2"} <= set(phone)
    assert desk[:4] == ["1000", "phone", "not", "registered"]
    assert fax[:3] == ["1002", "phone", "unreachable"]


def test_mgt10_json_has_what_is_left_of_a_retry_after(run: Run) -> None:
    vox, phone, _, fax = json.loads(run("online", "-o", "json").out)

    assert vox["calls"] == 6
    assert 15 <= vox["retryAfterSeconds"] <= 20
    assert vox["registration"] is None
    assert phone["registration"]["signalingInstance"] == "signaling-2"
    assert fax["endpoint"]["name"] == "1002"


def test_mgt10_one_kind_is_shown_alone(run: Run) -> None:
    found = json.loads(run("online", "--kind", "routing-gateway", "-o", "json").out)

    assert [each["endpoint"]["name"] for each in found] == ["voxcarrier"]


def test_mgt06_names_are_shown_with_their_state(run: Run) -> None:
    resolved, gone = (line.split() for line in run("gateway", "names").out.splitlines()[1:])

    assert resolved[:4] == ["sip.vox.example", "-", "resolved", "192.0.2.7:5070"]
    assert gone[:4] == ["gone.example", "5060", "unresolved:", "NXDOMAIN"]
