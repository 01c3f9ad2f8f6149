"""When Python's garbage collector looks: shortly, and at everything only while there is little.

Reference counts free what a call leaves behind: who makes a ring of references breaks it. The
collector is there for rings that nobody thought of, and every pass stops the event loop.
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import Final

THRESHOLDS: Final = (5_000, 1, 1_000_000)
"""The young are looked at when there are 5,000, and again with the next: a few milliseconds. The
last figure rules full passes out: half a second while ten thousand calls are held.
"""

QUIET_INTERVAL: Final = 60.0
"""Seconds between two looks whether there is little."""

FEW_BLOCKS: Final = 100_000
"""A full pass over what so many blocks of memory hold takes some milliseconds."""


def spare_the_collector() -> None:
    """Let the collector pass over what start-up made, which stays for good, and look seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


async def collect_when_quiet(allocated: Callable[[], int] = sys.getallocatedblocks) -> None:
    """Make a full pass whenever little has been added to what start-up made. Never returns."""
    at_start = allocated()
    while True:
        await asyncio.sleep(QUIET_INTERVAL)
        if allocated() - at_start < FEW_BLOCKS:
            gc.collect()
