"""`trunkline route explain`: what is asked, and what is shown of what would be sent."""

from typing import Any

import pytest
from support.command import FakeSwitch, Run
from trunkline.common.v1.common_pb2 import Endpoint, EndpointKind
from trunkline.routing.v1 import routing_pb2 as pb
from trunkline.routing.v1 import routing_pb2_grpc
from trunkline_cli.services import Service

ASK = ("route", "explain", "--from", "acme-pbx", "--callee", "442071838750")
CARRIER = Endpoint(kind=EndpointKind.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier")


class Routing(routing_pb2_grpc.RoutingServiceServicer):
    """Sends every call to one carrier, and remembers what it was asked."""

    asked: Any

    def Explain(self, request: pb.ExplainRequest, context: Any) -> Any:
        self.asked = request.call
        candidate = pb.Candidate(
            endpoint=CARRIER,
            request_uri_user="00442071838750",
            from_user="14155550123",
            from_display="ACME",
            asserted_identity="14155550199",
            privacy="id",
        )
        found = pb.CandidateExplanation(endpoint=CARRIER, position=1, candidate=candidate)
        return pb.ExplainResponse(candidates=[found])


@pytest.fixture
def routing(switch: FakeSwitch) -> Routing:
    servicer = Routing()  # type: ignore[abstract]
    add = routing_pb2_grpc.add_RoutingServiceServicer_to_server
    switch.servicers[Service.ROUTING] = [(add, servicer)]
    switch.documents[Service.ROUTING].store["MappingGateway", "acme-pbx"] = {}
    return servicer


def test_rte07_the_source_of_an_explained_call_may_be_said(run: Run, routing: Routing) -> None:
    run(*ASK, "--source", "198.51.100.7")

    assert routing.asked.source.ip == "198.51.100.7"


@pytest.mark.parametrize(
    ("addresses", "source"),
    [
        (["192.0.2.10"], "192.0.2.10"),
        (["192.0.2.10:5062"], "192.0.2.10"),
        (["[2001:db8::1]:5060"], "2001:db8::1"),
        (["198.51.100.0/28", "192.0.2.10"], "192.0.2.10"),
        (["198.51.100.0/28"], ""),
    ],
)
def test_rte07_an_explained_call_comes_from_its_callers_first_address(
    run: Run, switch: FakeSwitch, routing: Routing, addresses: list[str], source: str
) -> None:
    access = {"access": {"mode": "ip", "addresses": addresses}}
    switch.documents[Service.AUTH].store["MappingGateway", "acme-pbx"] = access

    run(*ASK)

    assert routing.asked.source.ip == source


def test_rte02_an_explanation_shows_the_headers_that_would_be_sent(
    run: Run, routing: Routing
) -> None:
    out = run(*ASK).out.splitlines()

    assert out[-2].split() == [
        *("1", "voxcarrier", "00442071838750", '"ACME"', "14155550123", "14155550199"),
        *("-", "id", "-"),
    ]


def test_rte21_a_call_is_explained_for_an_hour_of_today(run: Run, routing: Routing) -> None:
    run(*ASK, "--at", "21:30")

    at = routing.asked.setup_time.ToDatetime().astimezone()
    assert (at.minute, at.second) == (30, 0)
