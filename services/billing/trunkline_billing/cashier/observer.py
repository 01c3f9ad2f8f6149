"""What the cashier tells of its work, for metrics."""

from typing import Protocol

from ..charging.changes import Changes
from ..charging.settlement import Settlement


class Observer(Protocol):
    """Listens to the cashier."""

    def committed(self, requests: int, seconds: float, changes: Changes) -> None:
        """A batch is durable."""

    def failed(self) -> None:
        """A batch could not be written."""

    def expired(self, settlement: Settlement) -> None:
        """A call was settled because its lease ran out."""


class NoObserver:
    """Listens to nothing."""

    def committed(self, requests: int, seconds: float, changes: Changes) -> None:
        """Ignore it."""

    def failed(self) -> None:
        """Ignore it."""

    def expired(self, settlement: Settlement) -> None:
        """Ignore it."""
