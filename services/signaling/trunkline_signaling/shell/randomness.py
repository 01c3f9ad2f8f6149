"""Unpredictable numbers for tags, branches and Call-IDs, from the system a page at a time."""

from __future__ import annotations

import os
from random import Random
from typing import Final

PAGE: Final = 4096


class BufferedSystemRandom(Random):
    """The system's random bits. A call needs nine numbers; a page of them is one system call.

    Only what `getrandbits` gives is used: a peer that sees tags can guess no other.
    """

    def __init__(self) -> None:
        super().__init__()
        self._page = b""
        self._used = PAGE

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits."""
        size = (k + 7) // 8
        if self._used + size > len(self._page):
            self._page, self._used = os.urandom(max(PAGE, size)), 0
        start, self._used = self._used, self._used + size
        return int.from_bytes(self._page[start : self._used], "big") >> (size * 8 - k)

    def random(self) -> float:
        """Return a number from 0.0 up to, not including, 1.0."""
        return self.getrandbits(53) / (1 << 53)
