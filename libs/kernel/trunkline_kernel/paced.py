"""Long work in the event loop, in turns so short that calls hardly wait."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from time import monotonic
from typing import Final, TypeVar

T = TypeVar("T")

TURN: Final = 0.005
"""Seconds of work after which others have their turn: a quarter of what they may wait."""


async def paced(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items; between two of them let others go on, when a turn has lasted long enough."""
    end = monotonic() + TURN
    for item in items:
        yield item
        if monotonic() >= end:
            await asyncio.sleep(0)
            end = monotonic() + TURN
