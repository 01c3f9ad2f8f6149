"""Nodes with their state, draining one of them, advice for a deployment (MGT-07)."""

import json
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer, add_HealthServicer_to_server
from support.command import FakeSwitch, Place, Run
from trunkline.common.v1 import parameters_pb2, parameters_pb2_grpc
from trunkline.media.v1.media_pb2 import CodecLibrary
from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline.signaling.v1.signaling_pb2_grpc import (
    SignalingServiceServicer,
    add_SignalingServiceServicer_to_server,
)
from trunkline_auth.parameters import PARAMETERS
from trunkline_cli.advice import ADVICE, Advice
from trunkline_cli.services import Service
from trunkline_cli.status import missing_codecs
from trunkline_kernel.parameters import Parameters


class Node(SignalingServiceServicer, HealthServicer):  # type: ignore[misc]  # untyped there
    """A signaling instance; once it drains, its health is bad, as the real one's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.draining = False

    def GetStatus(self, request: pb.GetStatusRequest, context: Any) -> Any:
        return pb.GetStatusResponse(
            signaling_instance=self.name,
            calls=3,
            draining=self.draining,
            start_time=Timestamp(seconds=1_700_000_000),
            version="0.1.0",
        )

    def Drain(self, request: pb.DrainRequest, context: Any) -> Any:
        self.draining = True
        return pb.DrainResponse(calls=3)

    def Check(self, request: HealthCheckRequest, context: Any) -> HealthCheckResponse:
        if self.draining:
            return HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)
        return HealthCheckResponse(status=HealthCheckResponse.SERVING)


@pytest.fixture
def nodes(place: Place) -> list[Node]:
    nodes = [Node("signaling-1"), Node("signaling-2")]
    place(
        Service.SIGNALING,
        *(
            [
                (add_SignalingServiceServicer_to_server, node),
                (add_HealthServicer_to_server, node),
            ]
            for node in nodes
        ),
    )
    return nodes


def signaling_rows(run: Run) -> list[list[str]]:
    rows = [line.split() for line in run("status").out.splitlines()]
    return [row for row in rows if row[0] == "signaling"]


def test_mgt07_a_node_is_shown_with_name_state_version_and_start(
    run: Run, nodes: list[Node]
) -> None:
    (_, name, address, state, version, day, *_), _ = signaling_rows(run)

    assert (name, state, version) == ("signaling-1", "serving", "0.1.0")
    assert address.startswith("127.0.0.1:")
    assert day.startswith("2023-11-1")


def test_mgt07_draining_a_node_by_name_leaves_the_others_and_the_list_shows_it(
    run: Run, nodes: list[Node]
) -> None:
    ended = run("drain", "--node", "signaling-2")

    assert ended.status == 0
    assert "3 calls still in progress" in ended.out
    assert [(row[1], row[3]) for row in signaling_rows(run)] == [
        ("signaling-1", "serving"),
        ("signaling-2", "draining"),
    ]


def test_mgt07_draining_an_unknown_node_is_not_found_and_drains_nothing(
    run: Run, nodes: list[Node]
) -> None:
    ended = run("drain", "--node", "signaling-9")

    assert ended.status == 1
    assert "signaling node signaling-9 not found" in ended.err
    assert "signaling-1 at 127.0.0.1" in ended.err
    assert "signaling-2 at 127.0.0.1" in ended.err
    assert [node.draining for node in nodes] == [False, False]


def test_mgt07_without_a_node_all_are_drained(run: Run, nodes: list[Node]) -> None:
    run("drain")

    assert [node.draining for node in nodes] == [True, True]


class AuthParameters(parameters_pb2_grpc.ParametersServiceServicer):
    """The real declarations at their defaults; nothing can be written."""

    def GetParameter(self, request: parameters_pb2.GetParameterRequest, context: Any) -> Any:
        parameters = Parameters(PARAMETERS)
        value = parameters.text(parameters.find(request.name))
        return parameters_pb2.GetParameterResponse(
            parameter=parameters_pb2.Parameter(name=request.name, value=value)
        )


@pytest.fixture
def advised(switch: FakeSwitch) -> None:
    """Let every service have auth's parameters: the first one asked answers."""
    add = parameters_pb2_grpc.add_ParametersServiceServicer_to_server
    for service in Service:
        switch.servicers[service] = [(add, AuthParameters())]  # type: ignore[abstract]


@pytest.mark.usefixtures("advised")
@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (
            "internet",
            [
                ("SS_SIP_AUTHENTICATION_RETRY", "6", "3"),
                ("SS_SIP_AUTHENTICATION_TIMEOUT", "10", "5"),
                ("SS_AUTHENTICATION_FAILED_SUSPEND", "180", "600"),
                ("SS_REPLY_UNAUTHORIZED", "On", "Off"),
            ],
        ),
        (
            "latency",
            [
                ("SS_SIP_AUTHENTICATION_RETRY", "6", "8"),
                ("SS_SIP_AUTHENTICATION_TIMEOUT", "10", "20"),
                ("SS_AUTHENTICATION_FAILED_SUSPEND", "180", "300"),
            ],
        ),
    ],
)
def test_mgt07_advice_stands_beside_the_present_values(
    run: Run, deployment: str, expected: list[tuple[str, str, str]]
) -> None:
    shown = json.loads(run("parameters", "advise", deployment, "-o", "json").out)
    table = run("parameters", "advise", deployment).out.splitlines()

    assert [(row["parameter"], row["value"], row["recommended"]) for row in shown] == expected
    assert [tuple(line.split()[:3]) for line in table[1:]] == expected
    assert all(row["reason"] for row in shown)


@pytest.mark.parametrize("advice", [one for each in ADVICE.values() for one in each])
def test_mgt07_what_is_advised_can_be_set(advice: Advice) -> None:
    (change,) = Parameters(PARAMETERS).plan({advice.parameter: advice.value})

    assert change.new == advice.value


def test_med03_a_missing_codec_is_named_with_its_package() -> None:
    codecs = [
        CodecLibrary(encoding="G729", available=True, package="libbcg729-0"),
        CodecLibrary(encoding="AMR", available=False, package="libopencore-amrnb0"),
        CodecLibrary(encoding="iLBC", available=False),
    ]

    assert missing_codecs(codecs) == ", no AMR (libopencore-amrnb0), iLBC (no library has it)"
    assert missing_codecs(codecs[:1]) == ""
