"""An import in numbers."""

from collections import Counter
from dataclasses import dataclass

from .comparison import Comparison


@dataclass(frozen=True, slots=True)
class Counts:
    """How many prefixes became what, and how many lines gave no rate."""

    added: int = 0
    increased: int = 0
    decreased: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    bad_lines: int = 0


def tally(comparison: Comparison, bad_lines: int) -> Counts:
    """Return the numbers of a comparison."""
    actions = Counter(one.action for one in comparison.differences)
    return Counts(
        added=actions["new"],
        increased=actions["increase"],
        decreased=actions["decrease"],
        changed=actions["changed"],
        removed=actions["gone"],
        unchanged=comparison.unchanged,
        bad_lines=bad_lines,
    )
