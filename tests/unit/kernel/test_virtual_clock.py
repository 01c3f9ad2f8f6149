"""The virtual clock: time jumps when nothing else is left, and stands still for threads."""

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from support.virtual_clock import run_virtual, sqlite_connector
from trunkline_kernel.database import Database


def test_an_hour_of_timers_takes_no_time() -> None:
    async def main() -> float:
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - before

    started = time.monotonic()

    assert run_virtual(main()) == pytest.approx(3600)
    assert time.monotonic() - started < 1


def test_timers_fire_in_the_order_of_their_times() -> None:
    fired: list[int] = []

    async def main() -> None:
        async def fire(after: int) -> None:
            await asyncio.sleep(after)
            fired.append(after)

        await asyncio.gather(fire(30), fire(10), fire(20))

    run_virtual(main())

    assert fired == [10, 20, 30]


def test_a_thread_is_waited_for_while_time_stands_still() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        timer = asyncio.create_task(asyncio.sleep(5))
        await loop.run_in_executor(None, time.sleep, 0.05)
        passed = loop.time() - before
        await timer
        return passed

    assert run_virtual(main()) == 0


def test_a_database_is_waited_for_while_time_stands_still(tmp_path: Path) -> None:
    async def main() -> float:
        path = tmp_path / "test.db"
        database = Database(f"sqlite:///{path}", connect=sqlite_connector(str(path)))
        loop = asyncio.get_running_loop()
        before = loop.time()
        timer = asyncio.create_task(asyncio.sleep(5))
        async with database.session() as session:
            await session.execute(text("CREATE TABLE t (n INTEGER)"))
        passed = loop.time() - before
        await timer
        await database.close()
        return passed

    assert run_virtual(main()) == 0


def test_a_simulation_in_which_everything_waits_for_ever_is_reported() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="stuck"):
        run_virtual(main())
