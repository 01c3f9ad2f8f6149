"""Work in a process of its own: what it makes, how it fails, how it stops."""

import asyncio
import os
import time
from collections.abc import Iterator

import pytest
from trunkline_kernel.beside import WorkLost, beside
from trunkline_kernel.faults import InvalidArgument


def squares(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield number * number


def refuse(numbers: Iterator[int]) -> Iterator[int]:
    yield next(numbers)
    raise InvalidArgument("row 2: expected a number")


def die(numbers: Iterator[int]) -> Iterator[int]:
    yield os.getpid()
    os._exit(9)


def linger(numbers: Iterator[int]) -> Iterator[int]:
    yield os.getpid()
    time.sleep(60)


@pytest.mark.parametrize("large", [False, True], ids=["in a thread", "in a process"])
async def test_the_same_comes_of_it_wherever_it_is_done(large: bool) -> None:
    async with beside(squares, range(1, 5), large=large) as made:
        assert [piece async for piece in made] == [1, 4, 9, 16]


@pytest.mark.parametrize("large", [False, True], ids=["in a thread", "in a process"])
async def test_a_mistake_in_what_was_given_is_told_as_it_is(large: bool) -> None:
    with pytest.raises(InvalidArgument, match="row 2: expected a number"):
        async with beside(refuse, [1, 2], large=large) as made:
            _ = [piece async for piece in made]


async def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(WorkLost):
        async with beside(die, [1], large=True) as made:
            _ = [piece async for piece in made]


async def test_work_nobody_waits_for_any_more_is_stopped() -> None:
    async with beside(linger, [1], large=True) as made:
        process = await anext(made)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(made)

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
