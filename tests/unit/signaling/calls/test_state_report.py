"""Where a call stands is told for objects that want it: `callStateReport` (MGT-14)."""

import asyncio

from support.routed_switch import ACME, VENDOR_ADDRESS, RoutedBench
from support.switch import VENDOR, SwitchBench, caller, candidate, gives, plan, vendor
from support.user_agent import UserAgent
from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_kernel.metrics import Metrics
from trunkline_signaling.calls.policy import LegPolicy
from trunkline_signaling.calls.services import GatewayReport
from trunkline_signaling.observation import Observation
from trunkline_signaling.trace.ring import Trace

TOLD = LegPolicy(state_report=True)


class Told:
    """Notices as they come."""

    def __init__(self) -> None:
        self.calls: list[pb.CallState] = []
        self.observation = Observation(Metrics("signaling"), Trace(1000, lambda: 0.0), tell=self)

    def __call__(self, notice: pb.Notice) -> None:
        self.calls.append(notice.call_state)

    @property
    def states(self) -> list[str]:
        """What was told, in order."""
        return [each.state for each in self.calls]


async def test_a_call_of_a_customer_that_wants_it_is_told_from_its_route_to_its_end() -> None:
    told, alice = Told(), caller()
    bench = SwitchBench(alice, vendor(), observer=told.observation)
    bench.routing.plan = plan(leg_a=TOLD)

    bench.call(alice)
    await asyncio.sleep(1)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert told.states == ["calling", "ringing", "answered", "ended"]
    last = told.calls[-1]
    assert (last.caller, last.callee) == ("1001", "004420")
    assert last.callee_endpoint.name == f"vendor-{VENDOR[0]}"
    assert last.call_end_reason == common.CALL_END_REASON_CALLER_HANGUP


async def test_a_vendor_that_wants_it_has_its_calls_told_too() -> None:
    told, alice = Told(), caller()
    bench = SwitchBench(alice, UserAgent(VENDOR, script=gives(486)), observer=told.observation)
    bench.routing.plan = plan(candidate(leg_b=TOLD))

    bench.call(alice)
    await asyncio.sleep(1)

    assert told.states == ["calling", "ended"]


async def test_nothing_is_told_of_other_calls() -> None:
    told, alice = Told(), caller()
    bench = SwitchBench(alice, vendor(), observer=told.observation)

    bench.call(alice)
    await asyncio.sleep(1)

    assert told.states == []


async def test_a_document_says_so() -> None:
    alice = caller()
    bench = RoutedBench(
        alice,
        vendor(),
        mapping={ACME.name: {"sip": {"callStateReport": True}}},
        routing={"vox": {"address": VENDOR_ADDRESS}},
    )
    await bench.client.report_gateways("signaling-1", [GatewayReport("vox", reachable=True)])

    bench.call(alice)
    await asyncio.sleep(1)

    (call,) = bench.switch.calls.values()
    assert call.attempt is not None
    assert call.leg_a.policy.state_report
    assert not call.attempt.candidate.leg_b.state_report
