"""Owners of sessions and their signs of life.

A signaling instance owns the sessions it opened. One that isn't heard of for `LEASE`, or that comes
back with another epoch, has lost them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

LEASE: Final = timedelta(seconds=30)
"""How long a sign of life lasts."""


@dataclass(slots=True)
class Lease:
    """One owner's present life."""

    epoch: str
    until: float


class Leases:
    """The owners now heard of. Times are seconds of one monotonic clock."""

    def __init__(self, span: timedelta = LEASE) -> None:
        self._span = span.total_seconds()
        self._leases: dict[str, Lease] = {}

    def hear(self, owner: str, epoch: str, now: float) -> bool:
        """Take a sign of life. Return whether the owner has begun a new life."""
        lease = self._leases.get(owner)
        self._leases[owner] = Lease(epoch, now + self._span)
        return lease is not None and lease.epoch != epoch

    def lapsed(self, now: float) -> Iterator[str]:
        """Forget the owners whose lease is over, and name them."""
        over = [owner for owner, lease in self._leases.items() if lease.until <= now]
        for owner in over:
            del self._leases[owner]
            yield owner
