"""Background work goes on after the database was away."""

import asyncio
import gc

from sqlalchemy.exc import OperationalError
from support.waiting import until
from trunkline_kernel.background import collector_resting, steadily


async def test_work_goes_on_after_every_outage() -> None:
    failures: list[Exception] = [OSError("disk"), OperationalError("select", {}, OSError("gone"))]
    steps = []

    async def step() -> int:
        steps.append(1)
        if failures:
            raise failures.pop()
        return 0

    running = asyncio.create_task(steadily(step, 0, "test", retry=0))

    await until(lambda: len(steps) > 3)
    running.cancel()
    assert not running.done()


def test_the_collector_rests_until_the_last_block_has_ended() -> None:
    with collector_resting():
        with collector_resting():
            pass
        inside = gc.isenabled()

    assert (inside, gc.isenabled()) == (False, True)
