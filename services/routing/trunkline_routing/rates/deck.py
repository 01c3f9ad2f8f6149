"""One rate group's prefixes, flattened for look-up: two arrays, one bisection.

Every prefix is an interval of numbers, written in base 13 so that the end of a number sorts before
any character. Nested intervals are cut into disjoint ones at build time; each boundary keeps the
price and the prefix length that hold behind it. So a rate costs at most 24 bytes, and finding the
longest prefix costs one bisection instead of one look-up a length.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from .price import Price

WIDTH: Final = 17
"""Characters that count: 13**17 is the largest power that fits 64 bits. E.164 has 15."""
_BASE: Final = 13
_LENGTH_BITS: Final = 5
_LENGTH_MASK: Final = (1 << _LENGTH_BITS) - 1
_NOTHING: Final = 0xFFFFFFFF
_DIGITS: Final = str.maketrans("#*0123456789", "123456789abc", "+")
_SPELLING: Final = re.compile(r"[0-9*#]*\Z")
_SPANS: Final = tuple(_BASE ** (WIDTH - length) for length in range(WIDTH + 1))


def encode(number: str) -> int:
    """Return the place of `number` among all numbers; a plus that a plan wrote doesn't count."""
    return int(number.translate(_DIGITS)[:WIDTH].ljust(WIDTH, "0"), _BASE)


class Deck:
    """The prices of one rate group. Locked rates are found like the others (BIL-01)."""

    __slots__ = ("_bounds", "_held", "_prices", "size")

    def __init__(self, rates: Iterable[tuple[str, int]], prices: Sequence[Price]) -> None:
        """Take prefixes with the index of their price; of equal prefixes the last one counts.

        Raises `ValueError` for a prefix that is not up to 17 digits, * and #.
        """
        entries = {_encode_prefix(prefix): index for prefix, index in rates}
        self._prices = prices
        self._bounds = array("Q")
        self._held = array("I")
        self.size = len(entries)
        self._flatten(entries)

    def find(self, place: int) -> tuple[int, Price] | None:
        """Return length and price of the longest prefix of the number that `encode` put there."""
        index = bisect_right(self._bounds, place) - 1
        if index < 0 or (held := self._held[index]) == _NOTHING:
            return None
        return held & _LENGTH_MASK, self._prices[held >> _LENGTH_BITS]

    def _flatten(self, entries: dict[int, int]) -> None:
        """Cut nested intervals; `open_` holds those that the sweep is inside of."""
        open_: list[tuple[int, int]] = []
        for key in sorted(entries):
            start, length = key >> _LENGTH_BITS, key & _LENGTH_MASK
            self._close(open_, start)
            held = entries[key] << _LENGTH_BITS | length
            self._mark(start, held)
            open_.append((start + _SPANS[length], held))
        self._close(open_, _SPANS[0] + 1)

    def _close(self, open_: list[tuple[int, int]], until: int) -> None:
        while open_ and open_[-1][0] <= until:
            end, _ = open_.pop()
            self._mark(end, open_[-1][1] if open_ else _NOTHING)

    def _mark(self, bound: int, held: int) -> None:
        if self._bounds and self._bounds[-1] == bound:
            self._held[-1] = held
        else:
            self._bounds.append(bound)
            self._held.append(held)


def _encode_prefix(prefix: str) -> int:
    """Return the place of a prefix with its length behind it: so a wider interval sorts first."""
    length = len(prefix)
    if length > WIDTH or not _SPELLING.match(prefix):
        raise ValueError(f"{prefix!r} is not a rate's prefix: expected up to {WIDTH} digits")
    return encode(prefix) << _LENGTH_BITS | length
