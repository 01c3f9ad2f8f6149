"""What a document says, on the wire, the real routing between them (SIG-23, SIG-25)."""

import asyncio
from typing import Any

import pytest
from support.routed_switch import ACME, VENDOR_ADDRESS, RoutedBench
from support.switch import CALLER, VENDOR, caller, gives, invite, vendor
from support.user_agent import UserAgent
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection


def between(
    alice: UserAgent, bob: UserAgent, *, customer: dict[str, Any], carrier: dict[str, Any]
) -> RoutedBench:
    """Return a switch between a customer and a vendor with these fields."""
    return RoutedBench(
        alice,
        bob,
        mapping={ACME.name: customer},
        routing={"vox": {"address": VENDOR_ADDRESS, **carrier}},
    )


async def test_sig23_a_replaced_code_reaches_the_caller_and_the_cdr_keeps_the_vendors() -> None:
    """SIG-23, acceptance: `503:480,0:0` and vendor 503 -> caller 480, CDR 503."""
    alice = caller()
    codes = [{"source": 503, "target": 480}, {}]
    bench = between(alice, vendor(gives(503)), customer={"failureCodes": codes}, carrier={})

    bench.call(alice, invite())
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "480"]
    assert bench.cdr.sip_status == 503
    assert bench.cdr.reason is CallEndReason.NETWORK_CONGESTION


SIXTY = {"duration": {"least": 60, "most": 60}}
LONGER = {"duration": {"least": 300, "most": 300}}


@pytest.mark.parametrize(
    ("customer", "carrier"),
    [
        pytest.param(SIXTY, {}, id="the customer's"),
        pytest.param({}, SIXTY, id="the vendor's"),
        pytest.param(SIXTY, LONGER, id="the smaller one"),
        pytest.param(LONGER, SIXTY, id="the smaller one, the other way round"),
    ],
)
async def test_sig25_sixty_seconds_are_sixty_seconds(
    customer: dict[str, Any], carrier: dict[str, Any]
) -> None:
    """SIG-25, acceptance: 60/60 -> BYE at 60 s +-1."""
    alice = caller()
    bench = between(alice, vendor(), customer=customer, carrier=carrier)

    bench.call(alice, invite())
    await asyncio.sleep(59)
    before = bench.to(CALLER)
    await asyncio.sleep(2)

    assert "BYE" not in before
    assert bench.to(CALLER)[-1] == bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE
    assert bench.cdr.end_direction is EndDirection.SERVER
    assert bench.cdr.talk.total_seconds() == pytest.approx(60, abs=1)


async def test_sig25_a_duration_is_drawn_for_each_call() -> None:
    """SIG-25: a random whole second between lower and upper."""
    alice = caller()
    bench = between(alice, vendor(), customer={"duration": {"least": 10, "most": 20}}, carrier={})
    for number in range(8):
        bench.call(alice, invite(call_id=f"call-{number}"))
    await asyncio.sleep(25)

    talks = {round(cdr.talk.total_seconds()) for cdr in bench.cdrs.cdrs}
    assert len(bench.cdrs.cdrs) == 8
    assert len(talks) > 1
    assert talks <= set(range(10, 21))
