"""Runs the steps of background work for ever, through every outage of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

RETRY: Final = 5.0
"""Seconds between two tries while something is away."""

log = structlog.stdlib.get_logger(__name__)


async def steadily(step: Callable[[], Awaitable[int]], pause: float, what: str) -> None:
    """Call `step` at once again while it finds work, else after `pause` seconds. Never returns."""
    while True:
        try:
            found = await step()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.error("background_work_waits", work=what, error=str(error))
            await asyncio.sleep(RETRY)
            continue
        if not found:
            await asyncio.sleep(pause)
