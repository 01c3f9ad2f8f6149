"""Background work goes on after the database was away."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError
from support.waiting import until
from trunkline_kernel.background import steadily, to_the_end


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


async def test_what_must_not_stop_half_way_goes_on_when_its_caller_is_cancelled() -> None:
    may_end, ended = asyncio.Event(), []

    async def work() -> None:
        await may_end.wait()
        ended.append(1)

    caller = asyncio.create_task(to_the_end(work()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.sleep(0)
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended
