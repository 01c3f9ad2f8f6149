"""Waiting for what another task or process does."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds. The test's time limit ends it otherwise."""
    while not condition():  # noqa: ASYNC110 - what is waited for knows no event of ours
        await asyncio.sleep(0.005)


async def until_true(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return when `condition` answers true. The test's time limit ends it otherwise."""
    while not await condition():  # noqa: ASYNC110 - what is waited for knows no event of ours
        await asyncio.sleep(0.02)
