"""MGT-12: which methods need an operator's right, and what their guard does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass
from trunkline.billing.v1 import billing_pb2 as billing
from trunkline.routing.v1 import tables_pb2 as tables
from trunkline.signaling.v1 import signaling_pb2 as signaling
from trunkline_auth.rpc.guards import GUARDS as AUTH
from trunkline_billing.rpc.guards import GUARDS as BILLING
from trunkline_kernel.faults import Fault, TrunklineError
from trunkline_kernel.rights import Action, Write, guarded, guarded_stream, peer_ip
from trunkline_kernel.rpc import Context
from trunkline_media.rpc.guards import GUARDS as MEDIA
from trunkline_routing.rpc.guards import GUARDS as ROUTING
from trunkline_signaling.rpc.guards import GUARDS as SIGNALING

EVERY = {**AUTH, **BILLING, **MEDIA, **ROUTING, **SIGNALING}


class Denied(TrunklineError):
    fault = Fault.PERMISSION_DENIED


class Strict:
    """Rights that let one operator do one thing, and remember what is told."""

    def __init__(self, module: str = "", operator: str = "ada") -> None:
        self.module = module
        self.operator = operator
        self.kept: list[tuple[str, Write]] = []

    async def admit(self, context: Context, actions: Any) -> str:
        if any(action.module != self.module for action in actions):
            raise Denied("no")
        return self.operator

    async def record(self, context: Context, author: str, writes: Any) -> None:
        self.kept += [(author, write) for write in writes]


class Peer:
    """The context of a call from somewhere."""

    def __init__(self, peer: str = "ipv4:192.0.2.1:40000") -> None:
        self._peer = peer

    def peer(self) -> str:
        return self._peer

    def time_remaining(self) -> float | None:
        return None

    def invocation_metadata(self) -> Any:
        return None


@pytest.mark.parametrize("name", EVERY)
def test_mgt12_a_guarded_method_exists_and_its_rule_takes_any_request(name: str) -> None:
    service, _, method = name.removeprefix("/").partition("/")
    found = Default().FindServiceByName(service).methods_by_name[method]
    request: Any = GetMessageClass(found.input_type)()

    action = EVERY[name](request)

    assert action is not None
    assert action.objects


async def test_mgt12_a_guarded_method_is_not_reached_without_the_right() -> None:
    rights, reached = Strict("payments"), []

    async def serve(request: Any, context: Context) -> str:
        reached.append(request)
        return "done"

    around = guarded(rights, BILLING["/trunkline.billing.v1.BillingService/RerateCdr"])
    with pytest.raises(Denied):
        await around(serve)(billing.RerateCdrRequest(call_id="1"), Peer())

    assert reached == []
    assert rights.kept == []


async def test_mgt12_the_operator_is_the_author_and_bytes_stay_out_of_the_record() -> None:
    rights = Strict("rates")
    request = billing.ImportRatesRequest(rate_group="retail", content=b"44,1", author="somebody")

    async def serve(request: Any, context: Context) -> str:
        return str(request.author)

    around = guarded(rights, BILLING["/trunkline.billing.v1.RateService/ImportRates"])

    assert await around(serve)(request, Peer()) == "ada"
    assert rights.kept == [
        (
            "ada",
            Write(
                "RateGroup/retail",
                after={"rateGroup": "retail", "content": "4 bytes", "author": "ada"},
            ),
        )
    ]


async def test_mgt12_a_stream_is_guarded_and_kept_when_it_is_at_its_end() -> None:
    rights = Strict("numbers")
    request = tables.ImportRowsRequest(kind="LrnTable", name="us", author="somebody")
    message = tables.StreamRowImportRequest(request=request)

    async def serve(message: Any, context: Context) -> AsyncIterator[str]:
        yield "half"
        yield str(message.request.author)

    rule = ROUTING["/trunkline.routing.v1.TableService/StreamRowImport"]
    around = guarded_stream(rights, rule)
    kept_on_the_way = [len(rights.kept) async for _ in around(serve)(message, Peer())]

    assert [step async for step in around(serve)(message, Peer())] == ["half", "ada"]
    assert kept_on_the_way == [0, 0]
    assert [(author, write.object) for author, write in rights.kept] == [("ada", "LrnTable/us")] * 2


async def test_mgt12_a_stream_without_the_right_does_not_begin() -> None:
    message = tables.StreamRowImportRequest(
        request=tables.ImportRowsRequest(kind="LrnTable", name="us")
    )

    async def serve(message: Any, context: Context) -> AsyncIterator[str]:
        raise AssertionError("served")
        yield ""

    rule = ROUTING["/trunkline.routing.v1.TableService/StreamRowImport"]
    with pytest.raises(Denied):
        await anext(guarded_stream(Strict("rates"), rule)(serve)(message, Peer()))


async def test_mgt12_a_stream_whose_message_is_the_request_is_guarded_like_any_other() -> None:
    rights = Strict("gateways")
    message = signaling.TestNetworkRequest(target="vox")

    async def serve(message: Any, context: Context) -> AsyncIterator[str]:
        yield message.target

    rule = SIGNALING["/trunkline.signaling.v1.SignalingService/TestNetwork"]

    served = guarded_stream(rights, rule)(serve)(message, Peer())
    assert [step async for step in served] == ["vox"]
    assert rights.kept == [("ada", Write("NetworkTest/vox", after={"target": "vox"}))]
    with pytest.raises(Denied):
        await anext(guarded_stream(Strict("calls"), rule)(serve)(message, Peer()))


def test_mgt12_a_dry_run_needs_no_right() -> None:
    rule = ROUTING["/trunkline.routing.v1.TableService/ImportRows"]

    assert rule(tables.ImportRowsRequest(kind="LrnTable", name="us", dry_run=True)) is None
    assert rule(tables.ImportRowsRequest(kind="LrnTable", name="us")) == Action(
        "numbers", ("LrnTable/us",)
    )


@pytest.mark.parametrize(
    ("peer", "ip"),
    [
        ("ipv4:192.0.2.1:40000", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:40000", "2001:db8::1"),
        ("in-process", "127.0.0.1"),
    ],
)
def test_a_caller_is_known_by_its_address(peer: str, ip: str) -> None:
    assert peer_ip(Peer(peer)) == ip
