"""The garbage collector looks shortly, and at everything only while there is little."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from support.virtual_clock import run_virtual
from trunkline_kernel.collector import (
    FEW_BLOCKS,
    QUIET_INTERVAL,
    THRESHOLDS,
    collect_when_quiet,
    spare_the_collector,
)


class Passes:
    """The collector's passes, each by the generation up to which it looked."""

    def __init__(self) -> None:
        self.generations: list[int] = []

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "stop":
            self.generations.append(info["generation"])


@pytest.fixture
def passes() -> Iterator[Passes]:
    thresholds = gc.get_threshold()
    spare_the_collector()
    made = Passes()
    gc.callbacks.append(made)
    yield made
    gc.callbacks.remove(made)
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_calls_that_pile_up_cause_no_full_pass(passes: Passes) -> None:
    kept = [[number] for number in range(200 * THRESHOLDS[0])]

    assert len(kept) == 200 * THRESHOLDS[0]
    assert 1 in passes.generations
    assert 2 not in passes.generations
    # The middle generation never holds more than came with two passes over the young.
    assert passes.generations.count(1) >= passes.generations.count(0) // 2


@pytest.mark.parametrize(("more", "expected"), [(FEW_BLOCKS - 1, [2]), (FEW_BLOCKS, [])])
def test_a_full_pass_waits_until_there_is_little(
    passes: Passes, more: int, expected: list[int]
) -> None:
    async def a_look() -> None:
        blocks = iter([1000, 1000 + more])
        task = asyncio.create_task(collect_when_quiet(lambda: next(blocks)))
        await asyncio.sleep(QUIET_INTERVAL * 1.5)
        task.cancel()

    run_virtual(a_look())

    assert [generation for generation in passes.generations if generation == 2] == expected
