"""Background work that outlives every outage of the database."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.stdlib.get_logger(__name__)


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
