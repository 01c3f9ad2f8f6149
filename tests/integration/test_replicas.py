"""`trunkline up --replicas media=3`: scaling on one machine, as pods do it in a cluster."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from support.behaviours import answering
from support.calls import PlacedCall
from support.endpoint import Endpoint
from support.local_switch import LocalSwitch
from support.programs import program
from support.waiting import until
from trunkline.media.v1.media_pb2 import DrainRequest, LoadRequest
from trunkline_cli.replicas import plan
from trunkline_cli.services import Service
from trunkline_cli.switch import Switch

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

VENDOR: Final = ("127.0.0.22", 5070)
PBX: Final = "127.0.0.10"
EXAMPLES: Final = Path(__file__).parents[2] / "examples"
INSTANCES: Final = 3
CALLS: Final = 6


@asynccontextmanager
async def three_media_instances(directory: Path) -> AsyncIterator[tuple[LocalSwitch, Switch]]:
    """Run the switch; yield it and what asks each media instance."""
    switch = LocalSwitch(directory)
    switch.make_room(INSTANCES)
    settings = {
        name: value for service in Service for name, value in switch.environment(service).items()
    }
    command = (sys.executable, "-m", "trunkline_cli", "up", "--replicas", f"media={INSTANCES}")
    async with program(*command, directory=directory, settings=settings) as running:
        async with asyncio.timeout(60):
            await until(lambda: any("The switch is up." in line for line in running.lines))
        targets = dict(plan(INSTANCES, settings))[Service.SIGNALING]["TRUNKLINE_SIGNALING_MEDIA"]
        await switch.apply(*sorted(EXAMPLES.glob("*.yaml")))
        yield switch, Switch({Service.MEDIA: targets.split(",")})


async def sessions(switch: LocalSwitch, media: Switch) -> list[int]:
    """Return how many calls each instance relays."""
    loads = [await switch.ask(each.Load, LoadRequest()) for each in media.media]
    return [load.sessions for load in loads]


async def test_calls_spread_over_instances_and_a_drained_one_takes_no_more(tmp_path: Path) -> None:
    async with (
        three_media_instances(tmp_path) as (switch, media),
        Endpoint("vox", behaviour=answering(ring=0.3), host=VENDOR[0], port=VENDOR[1]),
        Endpoint("acme", host=PBX) as pbx,
    ):
        calls = [await place(pbx, switch) for _ in range(CALLS)]
        spread = await sessions(switch, media)
        await switch.ask(media.media[0].Drain, DrainRequest())
        calls += [await place(pbx, switch) for _ in range(2)]
        drained = await sessions(switch, media)
        for call in calls:
            await call.hang_up()

    # Not two each: an instance that the machine kept busy for a moment is spared.
    assert all(spread)
    assert sum(spread) == CALLS
    assert drained[0] == spread[0]
    assert sum(drained) == CALLS + 2


async def place(pbx: Endpoint, switch: LocalSwitch) -> PlacedCall:
    """Place a call and wait until it is answered."""
    call = await pbx.place("12125550199", switch.sip, caller="14155550123")
    await call.connected()
    return call
