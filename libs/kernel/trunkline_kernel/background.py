"""Work beside the calls: it outlives every outage of the database, and keeps no call waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")


async def steadily(
    step: Callable[[], Awaitable[int]], pause: float, what: str, *, retry: float = 5.0
) -> None:
    """Call `step` at once again while it finds work, else after `pause` seconds. Never returns.

    While the database or a file is away, `step` is tried every `retry` seconds; `what` names the
    work in the log.
    """
    while True:
        try:
            found = await step()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.error("background_work_waits", work=what, error=str(error))
            await asyncio.sleep(retry)
            continue
        if not found:
            await asyncio.sleep(pause)


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do `work` even if whoever waits for it is cancelled, who then stays until it is done."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
