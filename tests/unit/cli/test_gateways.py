"""`trunkline gateway test` and `tests` over fakes of two signaling nodes (MGT-08)."""

import json
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from support.command import Place, Run
from trunkline.common.v1 import common_pb2
from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline.signaling.v1.signaling_pb2_grpc import (
    SignalingServiceServicer,
    add_SignalingServiceServicer_to_server,
)
from trunkline_cli.services import Service


def milliseconds(count: float) -> Duration:
    span = Duration()
    span.FromMicroseconds(round(count * 1000))
    return span


class Node(SignalingServiceServicer):
    """Reaches a target at 30 ms, but for one called "silent"."""

    def __init__(self, name: str, start: int) -> None:
        self.name = name
        self.start = start
        self.tested: list[str] = []

    def GetStatus(self, request: pb.GetStatusRequest, context: Any) -> Any:
        return pb.GetStatusResponse(signaling_instance=self.name)

    def TestNetwork(self, request: pb.TestNetworkRequest, context: Any) -> Any:
        self.tested.append(request.target)
        yield pb.TestNetworkResponse(probe=pb.NetworkProbe(number=1))
        yield pb.TestNetworkResponse(result=self.test(request.target))

    def ListNetworkTests(self, request: pb.ListNetworkTestsRequest, context: Any) -> Any:
        return pb.ListNetworkTestsResponse(tests=[self.test("vox")])

    def test(self, target: str) -> pb.NetworkTest:
        silent = target == "silent"
        times = pb.RoundTrips(
            min_duration=milliseconds(29.8),
            avg_duration=milliseconds(30),
            max_duration=milliseconds(31.25),
        )
        return pb.NetworkTest(
            signaling_instance=self.name,
            target=target,
            address=common_pb2.SocketAddress(ip="192.0.2.7", port=5060),
            transport=common_pb2.Transport.TRANSPORT_UDP,
            start_time=Timestamp(seconds=self.start),
            sip=pb.RoundTrips(loss_percent=100) if silent else times,
            sip_status=0 if silent else 200,
            icmp_problem="the system lets this process send none",
        )


@pytest.fixture
def nodes(place: Place) -> list[Node]:
    nodes = [
        Node("signaling-1", 1_700_000_000),  # type: ignore[abstract]
        Node("signaling-2", 1_700_000_600),  # type: ignore[abstract]
    ]
    add = add_SignalingServiceServicer_to_server
    place(Service.SIGNALING, *([(add, node)] for node in nodes))
    return nodes


def test_mgt08_a_test_shows_delay_loss_status_and_why_there_is_no_icmp(
    run: Run, nodes: list[Node]
) -> None:
    ended = run("gateway", "test", "vox")

    assert ended.status == 0
    assert nodes[0].tested == ["vox"]
    assert [line.split(maxsplit=1) for line in ended.out.splitlines()] == [
        ["Target", "vox"],
        ["Address", "192.0.2.7:5060"],
        ["From", "signaling-1"],
        ["SIP", "min/avg/max 29.8 ms / 30.0 ms / 31.2 ms, loss 0 %"],
        ["SIP", "status  200"],
        ["ICMP", "not sent: the system lets this process send none"],
    ]


def test_mgt08_a_silent_target_shows_all_loss_and_no_status(run: Run, nodes: list[Node]) -> None:
    ended = run("gateway", "test", "silent")

    assert "min/avg/max - / - / -, loss 100 %" in ended.out
    assert "SIP status  -" in ended.out


def test_mgt08_json_is_the_result_alone(run: Run, nodes: list[Node]) -> None:
    result = json.loads(run("gateway", "test", "vox", "-o", "json").out)

    assert result["sip"] == {
        "minDuration": "0.029800s",
        "avgDuration": "0.030s",
        "maxDuration": "0.031250s",
        "lossPercent": 0,
    }
    assert (result["sipStatus"], "icmp" in result) == (200, False)


def test_mgt08_the_node_is_chosen_by_name(run: Run, nodes: list[Node]) -> None:
    run("gateway", "test", "vox", "--node", "signaling-2")

    assert [node.tested for node in nodes] == [[], ["vox"]]


def test_mgt08_an_unknown_node_is_not_found_and_the_known_are_named(
    run: Run, nodes: list[Node]
) -> None:
    ended = run("gateway", "test", "vox", "--node", "signaling-9")

    assert ended.status == 1
    assert "signaling node signaling-9 not found" in ended.err
    assert "signaling-1 at 127.0.0.1" in ended.err
    assert "signaling-2 at 127.0.0.1" in ended.err


def test_mgt08_the_tests_of_all_nodes_are_listed_the_newest_first(
    run: Run, nodes: list[Node]
) -> None:
    rows = [line.split() for line in run("gateway", "tests").out.splitlines()[1:]]

    assert [row[2] for row in rows] == ["signaling-2", "signaling-1"]
    assert rows[0][3:] == [
        *("vox", "192.0.2.7:5060", "200"),
        *("29.8", "ms", "30.0", "ms", "31.2", "ms"),
        *("0", "%", "-"),
    ]
