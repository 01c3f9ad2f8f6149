"""How long a service's event loop is held, and what is worked out beside it."""

import asyncio
import resource
import time
from typing import Final

PAUSE: Final = 0.005
"""Seconds between two looks at the loop."""


async def watch_turns(turns: list[tuple[float, float]]) -> None:
    """Note how much of the loop's thread, and of the clock, each look took beyond its pause."""
    while True:
        cpu, wall = time.thread_time(), time.perf_counter()
        await asyncio.sleep(PAUSE)
        turns.append((time.thread_time() - cpu, time.perf_counter() - wall - PAUSE))


def children_seconds() -> float:
    """Return what the ended children of this process have run."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
