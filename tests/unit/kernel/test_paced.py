"""Long work in the loop lets others go on (nothing holds it for more than 20 ms)."""

import asyncio

import pytest
from trunkline_kernel import paced as module
from trunkline_kernel.paced import TURN, paced


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


async def turns_of_another(clock: list[float], seconds_each: float) -> int:
    """Return how many turns another task had during a hundred items."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    seen = []
    async for item in paced(range(100)):
        clock[0] += seconds_each
        seen.append(item)
    task.cancel()
    assert seen == list(range(100))
    return turns


async def test_others_have_their_turn_when_one_has_lasted(clock: list[float]) -> None:
    assert await turns_of_another(clock, TURN) == 100


async def test_short_steps_share_a_turn(clock: list[float]) -> None:
    assert await turns_of_another(clock, TURN / 10) == 10


async def test_work_of_one_turn_is_not_interrupted(clock: list[float]) -> None:
    assert await turns_of_another(clock, 0) == 0
