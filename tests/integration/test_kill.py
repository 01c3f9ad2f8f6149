"""Kill -9 any one service during calls: what goes on, what is refused, what heals."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from support.behaviours import answering
from support.calls import PlacedCall
from support.endpoint import Endpoint
from support.local_switch import LocalSwitch
from support.records import balance, cdrs, wait_for_cdrs
from trunkline_cli.services import Service

EXAMPLES = Path(__file__).parents[2] / "examples"
PBX, VOX = "127.0.0.10", ("127.0.0.22", 5070)
OPENING = Decimal("100.00")
DEADLINE = 3.0
"""Seconds within which a new call is refused: three hops of a second each."""
HEALING = 20.0
RECORDED = 20.0

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents."""
    async with LocalSwitch(tmp_path_factory.mktemp("switch")) as running:
        await running.apply(*sorted(EXAMPLES.glob("*.yaml")))
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def pbx() -> AsyncIterator[Endpoint]:
    """The customer."""
    async with Endpoint("acme", host=PBX, frequency=600) as endpoint:
        yield endpoint


@pytest_asyncio.fixture(loop_scope="module")
async def vox() -> AsyncIterator[Endpoint]:
    """The vendor of prefix 1."""
    behaviour = answering(ring=0.1)
    async with Endpoint("vox", behaviour=behaviour, host=VOX[0], port=VOX[1], frequency=900) as far:
        yield far


async def connect(switch: LocalSwitch, pbx: Endpoint, vox: Endpoint, number: str) -> PlacedCall:
    """Place a call and wait until both sides hear each other."""
    call = await pbx.place(number, switch.sip)
    await call.connected()
    await asyncio.gather(call.rtp.hear(10), vox.taken[-1].rtp.hear(10))
    return call


async def goes_on(call: PlacedCall, vox: Endpoint) -> None:
    """Wait until both sides have heard another second of each other."""
    await asyncio.gather(call.rtp.hear(50), vox.taken[-1].rtp.hear(50))
    assert not call.has_ended


async def is_relayed(switch: LocalSwitch, pbx: Endpoint, vox: Endpoint, number: str) -> bool:
    """Place a call and return whether its sound comes by the switch, not from the vendor."""
    call = await connect(switch, pbx, vox, number)
    await call.hang_up()
    return {host for host, _ in call.rtp.heard.sources} == {switch.host}


async def assert_is_refused(switch: LocalSwitch, pbx: Endpoint, number: str) -> None:
    """Check that a new call is told in time to come back later."""
    asked = time.monotonic()
    refused = await pbx.place(number, switch.sip)
    await refused.ended()
    assert time.monotonic() - asked < DEADLINE
    assert refused.status == 503
    assert refused.response is not None
    assert "Retry-After" in refused.response.headers


async def heal(switch: LocalSwitch, pbx: Endpoint, vox: Endpoint, number: str) -> PlacedCall:
    """Try until a call is answered again, and return it."""
    deadline = time.monotonic() + HEALING
    while True:
        call = await pbx.place(number, switch.sip)
        try:
            await call.connected()
            return call
        except AssertionError:
            assert time.monotonic() < deadline, f"still {call.status}"
            await asyncio.sleep(0.5)


async def assert_all_is_recorded(switch: LocalSwitch, before: int, placed: int) -> None:
    """Check that each call has one CDR, no charge is lost and none is booked twice."""
    records = await wait_for_cdrs(switch, before + placed, timeout=RECORDED)
    charges = [Decimal(one.charge.amount) for one in records if one.cdr.account == "acme"]

    assert len({one.cdr.call_id for one in records}) == len(records) == before + placed
    assert await balance(switch, "acme") == OPENING - sum(charges)


@pytest.mark.parametrize(
    ("service", "number"),
    [
        pytest.param(Service.AUTH, "12125550201", id="auth"),
        pytest.param(Service.ROUTING, "12125550202", id="routing"),
        pytest.param(Service.BILLING, "12125550203", id="billing"),
    ],
)
async def test_calls_go_on_and_new_ones_get_503_until_the_service_is_back(
    switch: LocalSwitch, pbx: Endpoint, vox: Endpoint, service: Service, number: str
) -> None:
    before = len(await cdrs(switch))
    call = await connect(switch, pbx, vox, number)
    await switch.kill(service)

    await goes_on(call, vox)
    await assert_is_refused(switch, pbx, number)

    await switch.restart(service)
    healed = await heal(switch, pbx, vox, number)
    await healed.hang_up()
    assert (await call.hang_up()).status == 200
    await assert_all_is_recorded(switch, before, len(pbx.placed))


async def test_a_call_that_ends_while_billing_is_away_is_charged_when_it_is_back(
    switch: LocalSwitch, pbx: Endpoint, vox: Endpoint
) -> None:
    number = "12125550206"
    before = len(await cdrs(switch))
    call = await connect(switch, pbx, vox, number)
    await switch.kill(Service.BILLING)
    assert (await call.hang_up()).status == 200
    await switch.restart(Service.BILLING)

    (record,) = await wait_for_cdrs(switch, 1, number, timeout=RECORDED)
    assert Decimal(record.charge.amount) > 0
    await assert_all_is_recorded(switch, before, len(pbx.placed))


async def test_calls_end_with_their_media_and_new_ones_do_without_until_it_is_back(
    switch: LocalSwitch, pbx: Endpoint, vox: Endpoint
) -> None:
    number = "12125550204"
    before = len(await cdrs(switch))
    call = await connect(switch, pbx, vox, number)
    await switch.kill(Service.MEDIA)

    await call.ended(60)
    assert call.ended_by_peer
    assert not await is_relayed(switch, pbx, vox, number)
    await switch.restart(Service.MEDIA)
    async with asyncio.timeout(HEALING):
        while not await is_relayed(switch, pbx, vox, number):
            pass  # a call takes a moment
    await assert_all_is_recorded(switch, before, len(pbx.placed))


async def test_a_call_that_dies_with_signaling_gets_its_cdr_after_the_restart(
    switch: LocalSwitch, pbx: Endpoint, vox: Endpoint
) -> None:
    number = "12125550205"
    before = len(await cdrs(switch))
    await connect(switch, pbx, vox, number)
    await asyncio.sleep(2)  # so that there is something to charge
    await switch.kill(Service.SIGNALING)
    await switch.restart(Service.SIGNALING)

    (record,) = await wait_for_cdrs(switch, 1, number, timeout=60)
    assert record.cdr.HasField("answer_time")
    assert Decimal(record.charge.amount) > 0
    healed = await heal(switch, pbx, vox, number)
    await healed.hang_up()
    await assert_all_is_recorded(switch, before, len(pbx.placed))
