"""What an object of the model encodes to is made once, and goes with it."""

from __future__ import annotations

import gc
import weakref

from trunkline.routing.v1 import routing_pb2 as pb
from trunkline_routing.documents.routing_gateway import RoutingGatewaySpec
from trunkline_routing.model.gateways import RoutingGateway, compile_routing_gateway
from trunkline_routing.rpc.kept import kept


def gateway(account: str) -> RoutingGateway:
    spec = {"account": account, "address": "198.51.100.7", "prefixes": ["44"]}
    return compile_routing_gateway("vox", RoutingGatewaySpec.model_validate(spec), {})


def test_an_object_is_encoded_once() -> None:
    encoded: list[str | None] = []

    @kept
    def encode(one: RoutingGateway) -> pb.Candidate:
        encoded.append(one.account)
        return pb.Candidate(clearing_account=one.account or "")

    before, after = gateway("old"), gateway("new")
    told = [encode(one).clearing_account for one in (before, after, before, after)]

    assert told == ["old", "new", "old", "new"]
    assert encoded == ["old", "new"]


def test_a_message_goes_with_its_object() -> None:
    @kept
    def encode(one: RoutingGateway) -> pb.Candidate:
        return pb.Candidate(clearing_account=one.account or "")

    one = gateway("vox")
    encode(one)
    gone = weakref.ref(one)

    del one
    gc.collect()

    assert gone() is None
