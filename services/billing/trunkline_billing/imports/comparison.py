"""What taking over a file changes in a deck: new, dearer, cheaper, otherwise changed, gone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ..rating.columns import Columns, Row
from ..rating.deck import Price, Rate, RateDeck, rate_of
from .tally import Counts

MOST_DIFFERENCES: Final = 1000

Rows = dict[tuple[str, int], int]
"""Price by prefix and start."""


class Mode(StrEnum):
    """What happens to prefixes the file does not name."""

    MERGE = "merge"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Difference:
    """One prefix before and after."""

    prefix: str
    before: Rate | None
    after: Rate | None
    action: str
    """One word for it: new, gone, increase, decrease or changed."""


class Comparison:
    """A deck as it would be, and how that differs from what it is: leading digits one by one.

    Take them in their order, and the differences come by prefix.
    """

    def __init__(self, present: RateDeck, fresh: RateDeck, mode: Mode) -> None:
        """`fresh` is what a file holds."""
        self.digits: Sequence[str] = sorted(present.columns.keys() | fresh.columns.keys())
        self.differences: list[Difference] = []
        """The first of them, at most `MOST_DIFFERENCES`."""
        self._present, self._fresh, self._mode = present, fresh, mode
        self._indexes: dict[Price, int] = {}
        self._before = [self._index(price) for price in present.prices]
        self._after = [self._index(price) for price in fresh.prices]
        self._prices = list(self._indexes)
        self._per_minute = [price.tariff.price_per_minute for price in self._prices]
        self._columns: dict[str, Columns] = {}
        self._actions: Counter[str] = Counter()

    def take(self, digits: str) -> int:
        """Compare the rates that begin with `digits` and return how many were looked at."""
        before = _rows(self._present.columns.get(digits), self._before)
        named = _rows(self._fresh.columns.get(digits), self._after)
        after = named if self._mode is Mode.REPLACE else before | named
        for key in sorted(named.keys() | (before.keys() - after.keys())):
            self._note(key, before.get(key), after.get(key))
        if after:
            self._columns[digits] = Columns((*key, price) for key, price in after.items())
        return len(before) + len(named)

    def deck(self) -> RateDeck:
        """Return the deck as it would be."""
        present = self._present
        return RateDeck.packed(present.name, self._prices, self._columns, present.currency)

    def counts(self, bad_lines: int) -> Counts:
        """Return the comparison in numbers."""
        return Counts(
            added=self._actions["new"],
            increased=self._actions["increase"],
            decreased=self._actions["decrease"],
            changed=self._actions["changed"],
            removed=self._actions["gone"],
            unchanged=self._actions["unchanged"],
            bad_lines=bad_lines,
        )

    def _note(self, key: tuple[str, int], before: int | None, after: int | None) -> None:
        action = self._action(before, after)
        self._actions[action] += 1
        if action != "unchanged" and len(self.differences) < MOST_DIFFERENCES:
            was, becomes = self._rate(key, before), self._rate(key, after)
            self.differences.append(Difference(key[0], was, becomes, action))

    def _action(self, before: int | None, after: int | None) -> str:
        if before == after:
            return "unchanged"
        if before is None:
            return "new"
        if after is None:
            return "gone"
        was: Decimal = self._per_minute[before]
        becomes = self._per_minute[after]
        if was != becomes:
            return "increase" if becomes > was else "decrease"
        return "changed"

    def _rate(self, key: tuple[str, int], price: int | None) -> Rate | None:
        return None if price is None else rate_of((*key, price), self._prices)

    def _index(self, price: Price) -> int:
        return self._indexes.setdefault(price, len(self._indexes))


def _rows(columns: Columns | None, indexes: Sequence[int]) -> Rows:
    rows: Sequence[Row] = list(columns or ())
    return {(prefix, start): indexes[price] for prefix, start, price in rows}
