"""An import in numbers."""

from dataclasses import dataclass


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

    @property
    def changes(self) -> int:
        """Return how many rates change."""
        return self.added + self.increased + self.decreased + self.changed + self.removed
