"""Deadlines of calls: one timer looks at all of them."""

import asyncio

import pytest
from support.virtual_clock import run_virtual
from trunkline_kernel.rpc.deadlines import GRAIN, Deadlines, Limit


def limit_of(seconds: float) -> Limit:
    """Return a limit of a block, the only one there is."""
    return Limit(Deadlines(Limit.expire), seconds)


def test_each_ends_when_its_time_has_come_and_at_most_a_grain_later() -> None:
    ended: dict[str, float] = {}

    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        deadlines = Deadlines[str](lambda name: ended.update({name: loop.time() - begun}))
        for name, seconds in (("late", 0.31), ("soon", 0.1), ("never", 0.2)):
            deadlines.add(name, begun + seconds)
        deadlines.discard("never")
        await asyncio.sleep(1)

    run_virtual(main())

    assert list(ended) == ["soon", "late"]
    assert 0.1 <= ended["soon"] <= 0.1 + GRAIN
    assert 0.31 <= ended["late"] <= 0.31 + GRAIN


def test_one_that_comes_after_all_have_ended_is_looked_at_too() -> None:
    ended: list[str] = []

    async def main() -> None:
        loop, deadlines = asyncio.get_running_loop(), Deadlines(ended.append)
        for name in ("first", "second"):
            deadlines.add(name, loop.time() + 0.1)
            await asyncio.sleep(1)

    run_virtual(main())

    assert ended == ["first", "second"]


def test_a_block_that_lasts_too_long_is_ended_and_says_so() -> None:
    async def main() -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(TimeoutError), limit_of(0.5) as limit:
            await asyncio.sleep(10)
        taken = loop.time() - begun
        await asyncio.sleep(0)  # the task itself goes on
        return limit.expired, taken

    expired, taken = run_virtual(main())

    assert expired
    assert 0.5 <= taken <= 0.5 + GRAIN


def test_a_block_that_ends_in_time_is_let_alone() -> None:
    async def main() -> bool:
        with limit_of(0.5) as limit:
            await asyncio.sleep(0.4)
        await asyncio.sleep(1)
        return limit.expired

    assert run_virtual(main()) is False


def test_who_cancels_the_task_from_outside_ends_it() -> None:
    async def work() -> None:
        with limit_of(5):
            await asyncio.sleep(10)

    async def main() -> bool:
        task = asyncio.create_task(work())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert run_virtual(main())


def test_a_timeout_of_the_block_itself_is_not_the_limit() -> None:
    async def main() -> bool:
        with pytest.raises(TimeoutError, match="of the database"), limit_of(5) as limit:
            raise TimeoutError("of the database")
        return limit.expired

    assert run_virtual(main()) is False


def test_cancelled_from_outside_and_by_the_limit_at_once_it_ends_by_cancelling() -> None:
    async def work() -> None:
        with limit_of(0.5):
            await asyncio.sleep(10)

    async def main() -> bool:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.5, task.cancel)
        await asyncio.wait([task])
        return task.cancelled()

    assert run_virtual(main())
