"""Turns of the event loop that others have while something goes on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """How many there were."""

    def __init__(self) -> None:
        self.count = 0

    async def _take(self) -> None:
        while True:
            self.count += 1
            await asyncio.sleep(0)


@contextmanager
def turns_of_another() -> Iterator[Turns]:
    """Count the turns of another task during the block."""
    turns = Turns()
    task = asyncio.create_task(turns._take())
    try:
        yield turns
    finally:
        task.cancel()
