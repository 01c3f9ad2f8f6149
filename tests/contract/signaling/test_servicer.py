"""The signaling servicer against its contract, in process (MGT-09)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from support.network_tests import Ping, network_tests
from support.switch import CALLER, VENDOR, SwitchBench, caller, gives, invite, plan, vendor
from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline.signaling.v1.signaling_pb2_grpc import add_SignalingServiceServicer_to_server
from trunkline_kernel.faults import Fault, RemoteError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.names import Found, Name, Names, NotFound
from trunkline_kernel.node import Node
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_signaling.calls.cdr import MediaStatistics, StreamStatistics
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.calls.policy import LegPolicy, MediaProxy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.errors import TooSoon
from trunkline_signaling.observation import Observation
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.rpc.servicer import SignalingServicer
from trunkline_signaling.trace.ring import Trace

SERVICE = pb.DESCRIPTOR.services_by_name["SignalingService"]
LIST = method_of(SERVICE, "ListCalls", pb.ListCallsRequest, pb.ListCallsResponse)
GET = method_of(SERVICE, "GetCall", pb.GetCallRequest, pb.GetCallResponse)
HANG_UP = method_of(SERVICE, "HangUp", pb.HangUpRequest, pb.HangUpResponse)
START = method_of(SERVICE, "StartTrace", pb.StartTraceRequest, pb.StartTraceResponse)
STOP = method_of(SERVICE, "StopTrace", pb.StopTraceRequest, pb.StopTraceResponse)
READ = method_of(SERVICE, "ReadTrace", pb.ReadTraceRequest, pb.ReadTraceResponse)
STATUS = method_of(SERVICE, "GetStatus", pb.GetStatusRequest, pb.GetStatusResponse)
LIST_NAMES = method_of(SERVICE, "ListNames", pb.ListNamesRequest, pb.ListNamesResponse)
TEST = method_of(SERVICE, "TestNetwork", pb.TestNetworkRequest, pb.TestNetworkResponse)
LIST_TESTS = method_of(
    SERVICE, "ListNetworkTests", pb.ListNetworkTestsRequest, pb.ListNetworkTestsResponse
)
DRAIN = method_of(SERVICE, "Drain", pb.DrainRequest, pb.DrainResponse)


class Zone:
    """Knows one name."""

    async def look_up(self, name: Name) -> Found:
        """Answer."""
        if name.host != "vox.example":
            raise NotFound("NXDOMAIN")
        return Found((("192.0.2.1", 5070), ("192.0.2.2", 5070)), 60)


class Served:
    """A switch with a call in progress, and a channel to its servicer."""

    def __init__(self, script: object = None) -> None:
        self.alice = caller()
        loop = asyncio.get_running_loop()
        self.trace = Trace(1 << 20, loop.time)
        self.bench = SwitchBench(
            self.alice,
            vendor(script),  # type: ignore[arg-type]
            observer=Observation(Metrics("signaling"), self.trace),
        )
        self.names = Names(Zone())
        self.media_is_away = False
        servicer = SignalingServicer(
            Node("signaling-1", "0.1.0", 1000.0),
            self.bench.switch,
            self.trace,
            lambda: 7,
            self.bench.switch.drain,
            self.names,
            network_tests(self.bench, Ping(), Gateway("vox", (Target(*VENDOR),))),
            self.figures,
        )
        dispatcher = Dispatcher(Metrics("served"))
        dispatcher.add(add_SignalingServiceServicer_to_server, servicer)
        self.channel = InProcessChannel(dispatcher)

    async def figures(self, calls: Mapping[str, Sequence[str]]) -> Mapping[str, MediaStatistics]:
        """Say what calls carry, unless media is away."""
        if self.media_is_away:
            return {}
        one = MediaStatistics(StreamStatistics(packets=100, mos=4.3), StreamStatistics(packets=99))
        return {call_id: one for ids in calls.values() for call_id in ids}

    async def call(self, call_id: str = "caller-1") -> None:
        """Place a call and let it be answered."""
        self.bench.call(self.alice, invite(call_id=call_id))
        await asyncio.sleep(1)


async def test_a_call_in_progress_is_listed_with_both_legs() -> None:
    served = Served()
    await served.call()

    response = await served.channel.call(LIST, pb.ListCallsRequest(), timeout=1.0)

    (call,) = response.calls
    assert response.total == 1
    assert call.state == pb.CALL_STATE_CONNECTED
    assert (call.caller, call.callee, call.account) == ("1001", "4420", "acme")
    assert call.leg_a.sip_call_id == "caller-1"
    assert call.leg_a.remote_address.ip == "10.0.0.2"
    assert call.leg_b.remote_address.ip == "10.0.0.3"
    assert call.leg_b.codec == "PCMA"
    assert call.leg_b.media_address.port == 6000
    assert call.attempts[0].answered
    assert call.HasField("answer_time")


async def test_mgt09_a_ringing_call_says_so() -> None:
    served = Served(gives(180))
    await served.call()

    response = await served.channel.call(LIST, pb.ListCallsRequest(), timeout=1.0)

    assert response.calls[0].state == pb.CALL_STATE_RINGING
    assert not response.calls[0].HasField("answer_time")


async def test_mgt09_an_answered_call_has_the_time_since_when_it_talks() -> None:
    served = Served()
    await served.call()
    first = await served.channel.call(LIST, pb.ListCallsRequest(), timeout=1.0)
    await asyncio.sleep(60)

    later = await served.channel.call(LIST, pb.ListCallsRequest(), timeout=1.0)

    now = asyncio.get_running_loop().time()
    assert later.calls[0].answer_time == first.calls[0].answer_time
    assert now - later.calls[0].answer_time.seconds >= 60


async def test_mgt09_each_leg_says_where_its_rtp_goes_and_how_keys_do() -> None:
    served = Served()
    served.bench.routing.plan = plan(leg_a=LegPolicy(MediaProxy.ON))
    await served.call()

    (call,) = (await served.channel.call(LIST, pb.ListCallsRequest(), timeout=1.0)).calls

    assert (call.leg_a.relay_address.port, call.leg_b.relay_address.port) == (10000, 10002)
    assert (call.leg_a.media_address.port, call.leg_b.media_address.port) == (4000, 6000)
    assert (call.leg_a.dtmf, call.leg_b.dtmf) == ("rfc4733", "info")


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({"number": "4420"}, 1),
        ({"number": "004420"}, 1),
        ({"number": "442"}, 0),
        ({"endpoint": "acme-pbx"}, 1),
        ({"endpoint": "nobody"}, 0),
        ({"account": "acme"}, 1),
        ({"account": "other"}, 0),
        ({"states": [pb.CALL_STATE_CONNECTED, pb.CALL_STATE_RINGING]}, 1),
        ({"states": [pb.CALL_STATE_RINGING]}, 0),
        ({"setup_from_time": Timestamp(seconds=1000)}, 1),
        ({"setup_from_time": Timestamp(seconds=1001)}, 0),
        ({"setup_until_time": Timestamp(seconds=1001)}, 1),
        ({"setup_until_time": Timestamp(seconds=1000)}, 0),
    ],
)
async def test_mgt09_a_filter_selects_calls(wanted: dict[str, Any], total: int) -> None:
    served = Served()
    await served.call()

    request = pb.ListCallsRequest(filter=pb.CallFilter(**wanted))

    assert (await served.channel.call(LIST, request, timeout=1.0)).total == total


async def test_pages_follow_each_other() -> None:
    served = Served()
    for number in range(3):
        await served.call(f"call-{number}")

    first = await served.channel.call(LIST, pb.ListCallsRequest(page_size=2), timeout=1.0)
    request = pb.ListCallsRequest(page_size=2, page_token=first.next_page_token)
    second = await served.channel.call(LIST, request, timeout=1.0)

    found = [call.leg_a.sip_call_id for call in [*first.calls, *second.calls]]
    assert found == ["call-0", "call-1", "call-2"]
    assert second.next_page_token == ""


async def test_mgt09_hanging_up_ends_the_call_with_bye() -> None:
    served = Served()
    await served.call()
    (call_id,) = served.bench.switch.calls

    response = await served.channel.call(HANG_UP, pb.HangUpRequest(call_ids=[call_id]), timeout=1.0)
    await asyncio.sleep(1)

    assert list(response.call_ids) == [call_id]
    assert served.bench.to(CALLER)[-1] == served.bench.to(VENDOR)[-1] == "BYE"
    assert served.bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE


async def test_mgt09_an_unknown_id_is_named_and_nothing_ends() -> None:
    served = Served()
    await served.call()
    (call_id,) = served.bench.switch.calls

    with pytest.raises(RemoteError, match="nonsense") as caught:
        request = pb.HangUpRequest(call_ids=[call_id, "nonsense"])
        await served.channel.call(HANG_UP, request, timeout=1.0)

    assert caught.value.fault is Fault.NOT_FOUND
    assert len(served.bench.switch.calls) == 1


async def test_a_call_that_is_not_here_is_not_found() -> None:
    with pytest.raises(RemoteError) as caught:
        await Served().channel.call(GET, pb.GetCallRequest(call_id="x"), timeout=1.0)

    assert caught.value.fault is Fault.NOT_FOUND


@pytest.mark.parametrize(
    "request_",
    [
        pb.ListCallsRequest(page_size=1001),
        pb.ListCallsRequest(page_token="nonsense"),
        pb.ListCallsRequest(filter=pb.CallFilter(states=[pb.CALL_STATE_UNSPECIFIED])),
    ],
    ids=["too large a page", "a token of nobody", "a state that is none"],
)
async def test_a_page_that_cannot_be_meant_is_an_invalid_argument(
    request_: pb.ListCallsRequest,
) -> None:
    with pytest.raises(RemoteError) as caught:
        await Served().channel.call(LIST, request_, timeout=1.0)

    assert caught.value.fault is Fault.INVALID_ARGUMENT


async def test_mgt03_a_trace_shows_both_legs_and_every_decision() -> None:
    served = Served()
    await served.channel.call(START, pb.StartTraceRequest(), timeout=1.0)
    await served.call()
    await served.channel.call(STOP, pb.StopTraceRequest(), timeout=1.0)

    stream = served.channel.stream(READ, pb.ReadTraceRequest(), timeout=1.0)
    events = [response.event async for response in stream]

    ladder = [(event.leg, event.summary.partition(" ")[0]) for event in events]
    assert ladder[:2] == [("A", "INVITE"), ("", "allow")]
    assert ("B", "INVITE") in ladder
    assert {event.source for event in events if event.kind == pb.TRACE_EVENT_KIND_DECISION} == {
        "auth",
        "routing",
        "billing",
    }
    assert len({event.call_id for event in events}) == 1


async def test_mgt03_a_trace_with_a_duration_says_when_it_ends() -> None:
    request = pb.StartTraceRequest(duration=Duration(seconds=600))

    response = await Served().channel.call(START, request, timeout=1.0)

    assert response.HasField("end_time")


async def test_the_status_counts_calls_and_cdrs() -> None:
    served = Served()
    await served.call()

    status = await served.channel.call(STATUS, pb.GetStatusRequest(), timeout=1.0)

    assert (status.calls, status.cdrs_waiting, status.draining) == (1, 7, False)
    assert (status.signaling_instance, status.version) == ("signaling-1", "0.1.0")
    assert status.start_time.seconds == 1000


async def test_mgt07_drain_refuses_new_calls_and_says_how_many_go_on() -> None:
    served = Served()
    await served.call()

    response = await served.channel.call(DRAIN, pb.DrainRequest(), timeout=1.0)
    await served.call("late")
    status = await served.channel.call(STATUS, pb.GetStatusRequest(), timeout=1.0)

    assert response.calls == 1
    assert served.bench.to(CALLER)[-1] == "503"
    assert (status.draining, status.calls) == (True, 1)


async def test_mgt06_names_are_listed_with_the_address_in_use_first() -> None:
    served = Served()
    await served.names.find(vox := Name("vox.example"))
    await served.names.find(Name("gone.example", 5060))
    served.names.failed(vox, ("192.0.2.1", 5070))

    response = await served.channel.call(LIST_NAMES, pb.ListNamesRequest(), timeout=1.0)

    gone, known = response.names
    assert (gone.host, gone.port, gone.problem) == ("gone.example", 5060, "NXDOMAIN")
    assert not gone.HasField("resolve_time")
    assert [each.ip for each in known.addresses] == ["192.0.2.2", "192.0.2.1"]
    assert 0 < known.refresh_duration.seconds <= 60


async def test_mgt08_a_test_streams_its_probes_and_is_listed() -> None:
    served = Served(gives())

    stream = served.channel.stream(TEST, pb.TestNetworkRequest(target="vox"), timeout=60.0)
    *probes, last = [step async for step in stream]
    listed = await served.channel.call(LIST_TESTS, pb.ListNetworkTestsRequest(), timeout=1.0)

    test = last.result
    assert [step.probe.number for step in probes] == list(range(1, 11))
    assert {step.probe.sip_status for step in probes} == {200}
    assert (test.signaling_instance, test.target, test.address.ip) == (
        "signaling-1",
        "vox",
        "10.0.0.3",
    )
    assert (test.sip_status, test.sip.loss_percent, test.icmp.loss_percent) == (200, 0, 10)
    assert test.sip.avg_duration.ToMilliseconds() == 2
    assert list(listed.tests) == [test]


async def test_mgt08_a_second_test_within_5_s_is_exhausted() -> None:
    served = Served(gives())
    request = pb.TestNetworkRequest(target="vox")
    async for _ in served.channel.stream(TEST, request, timeout=60.0):
        pass

    with pytest.raises(TooSoon, match="again in") as caught:
        await anext(served.channel.stream(TEST, request, timeout=60.0))

    assert caught.value.fault is Fault.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("asked", "away", "known"),
    [(True, False, True), (False, False, False), (True, True, False)],
    ids=["asked", "not asked", "media is away"],
)
async def test_mgt_09_a_call_says_what_its_legs_have_sent(
    asked: bool, away: bool, known: bool
) -> None:
    served = Served()
    served.bench.routing.plan = plan(leg_a=LegPolicy(MediaProxy.ON))
    served.media_is_away = away
    await served.call()
    request = pb.ListCallsRequest(media=asked)

    (call,) = (await served.channel.call(LIST, request, timeout=1.0)).calls

    assert call.HasField("media") is known
    assert (call.media.leg_a.packets, call.media.leg_b.packets) == ((100, 99) if known else (0, 0))


async def test_mgt_09_a_call_without_a_relay_carries_nothing_that_is_counted() -> None:
    served = Served()
    await served.call()
    (call_id,) = served.bench.switch.calls

    request = pb.GetCallRequest(call_id=call_id, media=True)
    call = (await served.channel.call(GET, request, timeout=1.0)).call

    assert not call.HasField("media")
