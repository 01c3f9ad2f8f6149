"""Long work in the loop lets others go on (nothing holds it for more than 20 ms)."""

import pytest
from support.turns import turns_of_another
from trunkline_kernel import paced as module
from trunkline_kernel.paced import TURN, paced


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


async def turns_of_others(clock: list[float], seconds_each: float) -> int:
    """Return how many turns another task had during a hundred items."""
    with turns_of_another() as turns:
        seen = []
        async for item in paced(range(100)):
            clock[0] += seconds_each
            seen.append(item)
    assert seen == list(range(100))
    return turns.count


async def test_others_have_their_turn_when_one_has_lasted(clock: list[float]) -> None:
    assert await turns_of_others(clock, TURN) == 100


async def test_short_steps_share_a_turn(clock: list[float]) -> None:
    assert await turns_of_others(clock, TURN / 10) == 10


async def test_work_of_one_turn_is_not_interrupted(clock: list[float]) -> None:
    assert await turns_of_others(clock, 0) == 0
