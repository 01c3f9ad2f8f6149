"""What is drawn for a call or an attempt: proportional prefixes, caller pools (RTE-26, RTE-27)."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from ..documents.mapping_gateway import ProportionalPrefix


class WeightedPrefixes:
    """Prefixes of which each gets its share of the calls."""

    def __init__(self, entries: Sequence[ProportionalPrefix]) -> None:
        self._prefixes = [entry.prefix for entry in entries]
        self._bounds = list(accumulate(entry.proportion for entry in entries))

    def __bool__(self) -> bool:
        return bool(self._prefixes)

    def draw(self, rng: random.Random) -> str:
        """Return one prefix, or an empty one when there is none to draw from."""
        if not self._prefixes:
            return ""
        return self._prefixes[bisect_right(self._bounds, rng.randrange(self._bounds[-1]))]


class NumberPool:
    """Numbers and ranges of numbers, counted through as one list."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._lows: list[tuple[int, int]] = []
        self._bounds: list[int] = []
        for entry in entries:
            low, _, high = entry.partition("-")
            self._lows.append((int(low), len(low)))
            before = self._bounds[-1] if self._bounds else 0
            self._bounds.append(before + int(high or low) - int(low) + 1)

    def __len__(self) -> int:
        return self._bounds[-1] if self._bounds else 0

    def __getitem__(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise IndexError(place)
        entry = bisect_right(self._bounds, place)
        low, width = self._lows[entry]
        before = self._bounds[entry - 1] if entry else 0
        return str(low + place - before).zfill(width)
