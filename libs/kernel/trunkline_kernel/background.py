"""Work beside the calls: it outlives every outage of the database, and keeps no call waiting."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.stdlib.get_logger(__name__)

_resting: Final[list[None]] = []
"""One for each block that keeps the process's collector off."""


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


@contextmanager
def collector_resting() -> Iterator[None]:
    """Keep the garbage collector off while millions of objects are made: it would look at all of
    them over and over, for seconds.

    What was made meanwhile is left to reference counts for good, as at a service's start. Blocks
    may overlap: the last one to end wakes it.
    """
    _resting.append(None)
    gc.disable()
    try:
        yield
    finally:
        _resting.pop()
        gc.freeze()
        if not _resting:
            gc.enable()
