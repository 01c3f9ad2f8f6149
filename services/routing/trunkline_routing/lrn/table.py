"""The internal table (RTE-24): sorted arrays, eighteen bytes a number."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

from ..documents.lrn_table import LrnRow
from .answers import NOT_PORTED, Answer


class LrnTable:
    """Ported numbers. Of equal ones the later row counts."""

    def __init__(self, rows: Iterable[LrnRow] = ()) -> None:
        ported = {int(row.number): (int(row.lrn), row.state) for row in rows}
        states = {state: index for index, state in enumerate({each for _, each in ported.values()})}
        self._states = list(states)
        self._numbers = array("Q", sorted(ported))
        self._lrns = array("Q", (ported[number][0] for number in self._numbers))
        self._places = array("H", (states[ported[number][1]] for number in self._numbers))

    def __len__(self) -> int:
        return len(self._numbers)

    def find(self, key: str) -> Answer:
        """Return the answer for ten digits; what is not in the table was not ported."""
        number = int(key)
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers) or self._numbers[place] != number:
            return NOT_PORTED
        return Answer(f"{self._lrns[place]:010}", self._states[self._places[place]])
