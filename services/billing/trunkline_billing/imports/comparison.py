"""What taking over a file changes in a deck: new, dearer, cheaper, otherwise changed, gone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..rating.deck import Rate, RateDeck


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

    @property
    def action(self) -> str:
        """One word for it: new, gone, increase, decrease or changed."""
        if self.before is None:
            return "new"
        if self.after is None:
            return "gone"
        was, becomes = self.before.tariff.price_per_minute, self.after.tariff.price_per_minute
        if was != becomes:
            return "increase" if becomes > was else "decrease"
        return "changed"


@dataclass(slots=True)
class Comparison:
    """A deck as it would be, and how that differs from what it is."""

    deck: RateDeck
    differences: list[Difference] = field(default_factory=list)
    unchanged: int = 0


def compare(present: RateDeck, rates: Iterable[Rate], mode: Mode) -> Comparison:
    """Return the deck with `rates` taken over. A prefix named twice keeps its last line.

    Differences come in the order of the lines, then what is gone.
    """
    deck = RateDeck(present.name, present if mode is Mode.MERGE else (), present.currency)
    touched: dict[tuple[str, datetime | None], Rate] = {}
    for rate in rates:
        touched[rate.prefix, rate.valid_from] = rate
        deck.put(rate)
    comparison = Comparison(deck)
    before = {(rate.prefix, rate.valid_from): rate for rate in present}
    for key, rate in touched.items():
        was = before.get(key)
        if was == rate:
            comparison.unchanged += 1
        else:
            comparison.differences.append(Difference(rate.prefix, was, rate))
    if mode is Mode.REPLACE:
        gone = [rate for key, rate in before.items() if key not in touched]
        comparison.differences += [Difference(rate.prefix, rate, None) for rate in gone]
    return comparison
