"""Rates whose prefixes begin alike, packed: a few bytes a rate and nothing to collect.

Prefixes stand in one string, each padded to the same width, in ascending order; of one prefix's
versions the oldest first. What they cost is an index into the deck's prices.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import takewhile
from operator import eq
from typing import Final

ALWAYS: Final = -(1 << 63)
"""Start of a rate that always was; others are microseconds of the Unix clock."""

Row = tuple[str, int, int]
"""Prefix, start and price of one rate."""


class Columns:
    """Packed rates."""

    __slots__ = ("_prefixes", "_prices", "_starts", "_width")

    def __init__(self, rows: Iterable[Row]) -> None:
        """Pack `rows`. Of equal prefixes and starts the last row counts."""
        kept = {(prefix, start): price for prefix, start, price in rows}
        keys = sorted(kept)
        self._width = max((len(prefix) for prefix, _ in keys), default=1)
        self._prefixes = "".join(prefix.ljust(self._width) for prefix, _ in keys).encode("ascii")
        self._prices = array("I", [kept[key] for key in keys])
        dated = any(start != ALWAYS for _, start in keys)
        self._starts = array("q", [start for _, start in keys] if dated else [])

    def __len__(self) -> int:
        return len(self._prices)

    def __iter__(self) -> Iterator[Row]:
        yield from map(self.row, range(len(self)))

    def row(self, index: int) -> Row:
        """Return one rate."""
        start = self._starts[index] if self._starts else ALWAYS
        return self._key(index).decode("ascii").rstrip(), start, self._prices[index]

    def serving(self, number: str) -> Iterator[Row]:
        """Yield the rates whose prefix `number` has: longest prefix first, newest version first.

        Whatever lies last at or before a number is its prefix, or tells how much of the number the
        next look can begin with: so it takes two or three bisections, not one for each length.
        """
        sought = number.encode("ascii", "replace")[: self._width]
        while sought:
            padded, rows = sought.ljust(self._width), range(len(self))
            index = bisect_right(rows, padded, key=self._key) - 1
            if index < 0:
                return
            key = self._key(index).rstrip()
            if sought.startswith(key):
                yield from self._versions(index)
                sought = key[:-1]
            else:
                sought = sought[: _common(key, sought)]

    def _versions(self, newest: int) -> Iterator[Row]:
        key = self._key(newest)
        while newest >= 0 and self._key(newest) == key:
            yield self.row(newest)
            newest -= 1

    def _key(self, index: int) -> bytes:
        return self._prefixes[index * self._width : (index + 1) * self._width]


def _common(one: bytes, other: bytes) -> int:
    """Return how many leading characters are the same."""
    return sum(takewhile(bool, map(eq, one, other)))
