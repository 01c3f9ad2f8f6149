"""What an operator does to a running switch: look at calls, end them, trace them, drain it."""

import asyncio
import struct
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path

import pytest
import pytest_asyncio
from support.behaviours import answering
from support.calls import PlacedCall
from support.endpoint import Endpoint
from support.homer import Homer, homer
from support.local_switch import LocalSwitch
from support.records import wait_for_cdrs
from support.waiting import until
from trunkline.common.v1.common_pb2 import CallEndReason, EndDirection
from trunkline.signaling.v1.signaling_pb2 import StartTraceRequest
from trunkline_cli.services import Service
from trunkline_signaling.sip.flow import Address

EXAMPLES = Path(__file__).parents[2] / "examples"
PBX, VOX = "127.0.0.10", ("127.0.0.22", 5070)
PCAP_HEADER = 24
STOPPED = 20.0


def packed(ip: str) -> bytes:
    return ip_address(ip).packed


pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def collector() -> AsyncIterator[tuple[Homer, Address]]:
    """What takes HEP, and where."""
    async with homer() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(
    tmp_path_factory: pytest.TempPathFactory, collector: tuple[Homer, Address]
) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents, everything traced and sent to a HEP collector."""
    host, port = collector[1]
    settings = {"TRUNKLINE_SIGNALING_HEP_COLLECTOR": f"{host}:{port}"}
    async with LocalSwitch(tmp_path_factory.mktemp("switch"), settings) as running:
        await running.apply(*sorted(EXAMPLES.glob("*.yaml")))
        await running.ask(running.services.signaling[0].StartTrace, StartTraceRequest())
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(switch: LocalSwitch, request: pytest.FixtureRequest) -> AsyncIterator[PlacedCall]:
    """A call in progress, to a number of its own."""
    number = f"1212555{sum(map(ord, request.node.name)) % 10_000:04}"
    behaviour = answering(ring=0.1)
    async with (
        Endpoint("acme", host=PBX, frequency=600) as pbx,
        Endpoint("vox", behaviour=behaviour, host=VOX[0], port=VOX[1], frequency=900) as vox,
    ):
        placed = await pbx.place(number, switch.sip, caller="14155550123")
        await placed.connected()
        await asyncio.gather(placed.rtp.hear(5), vox.taken[-1].rtp.hear(5))
        yield placed


async def test_an_operator_ends_a_call_and_the_cdr_says_so(
    switch: LocalSwitch, call: PlacedCall
) -> None:
    (shown,) = (await switch.command("call", "list", "-o", "json")).json
    ended = await switch.command("call", "hangup", shown["callId"])

    assert ended.status == 0
    await call.ended()
    assert call.ended_by_peer
    (record,) = await wait_for_cdrs(switch, 1, shown["callee"])
    assert record.cdr.call_end_reason == CallEndReason.CALL_END_REASON_SERVER_FORCED_RELEASE
    assert record.cdr.end_direction == EndDirection.END_DIRECTION_SERVER


async def test_a_trace_becomes_a_capture_file_and_a_ladder(
    switch: LocalSwitch, call: PlacedCall
) -> None:
    await call.hang_up()
    text = await switch.command("trace", "--no-follow", "--number", call.number)
    events = await switch.command("trace", "--no-follow", "--number", call.number, "-o", "json")
    capture = await switch.command_bytes("trace", "--no-follow", "-o", "pcap")
    file = switch.directory / "trace.pcap"
    await switch.command("trace", "--no-follow", "--pcap", str(file))

    assert "INVITE" in text.out
    assert "auth: allow mapping gateway acme-pbx" in text.out
    assert events.out.count('"message": "INVITE ') == 2
    magic, _, _, _, _, _, link = struct.unpack("!IHHiIII", capture[:PCAP_HEADER])
    assert (magic, link) == (0xA1B2C3D4, 101)
    assert capture.count(b"BYE sip:") >= 2
    assert file.read_bytes() == capture


async def test_mgt03_homer_gets_both_legs_under_the_id_of_the_call(
    switch: LocalSwitch, call: PlacedCall, collector: tuple[Homer, Address]
) -> None:
    (shown,) = (await switch.command("call", "list", "-o", "json")).json
    await call.hang_up()
    await until(lambda: len(byes_of(collector[0], shown["callId"])) == 2)

    ends = [(c[3], c[4]) for c in byes_of(collector[0], shown["callId"])]
    assert ends == [(packed(PBX), packed(switch.host)), (packed(switch.host), packed(VOX[0]))]


def byes_of(taken: Homer, call_id: str) -> list[dict[int, bytes]]:
    return [c for c in taken.packets if c[17] == call_id.encode() and c[15].startswith(b"BYE")]


async def test_mgt08_a_vendor_is_tested_by_its_name_and_a_name_of_nobody_leaves_no_trace(
    switch: LocalSwitch,
) -> None:
    async with Endpoint("vox", host=VOX[0], port=VOX[1]):
        tested = await switch.command("gateway", "test", "voxcarrier", "-o", "json")
    nobody = await switch.command("gateway", "test", "nobody.invalid")
    listed = await switch.command("gateway", "tests", "-o", "json")
    names = await switch.command("gateway", "names", "-o", "json")

    assert (tested.json["sipStatus"], tested.json["sip"]["lossPercent"]) == (200, 0)
    assert tested.json["address"] == {"ip": VOX[0], "port": VOX[1]}
    assert (nobody.status, "nobody.invalid" in nobody.err) == (1, True)
    assert listed.json == [tested.json]
    assert "nobody.invalid" not in names.out


async def test_mgt07_a_drained_switch_refuses_new_calls_and_leaves_when_the_last_has_ended(
    switch: LocalSwitch, call: PlacedCall
) -> None:
    drained = await switch.command("drain")
    status = await switch.command("status", "-o", "json")
    refused = await call.endpoint.place(call.number, switch.sip)
    await refused.ended()

    assert "1 calls still in progress" in drained.out
    assert [one["state"] for one in status.json if one["service"] == "signaling"] == ["draining"]
    assert refused.status == 503
    assert refused.response is not None
    assert "Retry-After" in refused.response.headers
    await call.rtp.hear(25)
    await call.hang_up()
    async with asyncio.timeout(STOPPED):
        assert await switch.processes[Service.SIGNALING].wait() == 0
