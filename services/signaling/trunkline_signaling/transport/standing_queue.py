"""Whether more comes in than is done: a queue that stands, told from a burst (RFC 8289 section 3).

No I/O and no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final

TARGET: Final = 64 << 10
"""Bytes in the kernel, its own overhead included, that are no queue: some thirty messages."""
INTERVAL: Final = 0.1
"""Seconds in which a burst is worked off. What waits until T1 is repeated by its sender."""
LOOK: Final = 0.01
"""Seconds between two looks at the length."""


class StandingQueue:
    """Tells whether a queue has been longer than `TARGET` for all of the last `INTERVAL`."""

    def __init__(self, length: Callable[[], int]) -> None:
        """`length` is in bytes; it is asked at most every `LOOK`."""
        self._length = length
        self._looked = -inf
        self._since = inf

    def stands(self, now: float) -> bool:
        """Look again, at `now` seconds of a clock that never goes back."""
        if now - self._looked >= LOOK:
            if self._length() <= TARGET:
                self._since = inf
            elif self._since == inf or now - self._looked > INTERVAL:
                self._since = now
            self._looked = now
        return now - self._since >= INTERVAL
