"""Positions that go round in this process's memory (RTE-26)."""

from __future__ import annotations

from collections import Counter


class MemoryRotation:
    """One position a key."""

    def __init__(self) -> None:
        self._positions: Counter[str] = Counter()

    async def turn(self, key: str) -> int:
        """Return the position under `key` and move it on by one."""
        position = self._positions[key]
        self._positions[key] += 1
        return position
