"""What a store of seats promises, whatever keeps it (0.6, RTE-22).

A seat belongs to a slot of a call (its caller, or one attempt) on a signaling instance. An instance
that is not heard of for `LEASE` loses its seats. All times are seconds of one clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from ..model.callers import Claim

LEASE: Final = 30.0
"""Seconds without a sign of life after which an instance's seats are free."""

CALLER: Final = 0
"""Slot of the caller's own seats; attempts count from 1."""

Note = Callable[[], str]
"""Spells what stands with a call's seats: asked when that is read, or leaves the process."""


class Holder(NamedTuple):
    """For whom a seat is taken."""

    call_id: str
    slot: int
    instance: str


class Taken(NamedTuple):
    """The seats of a slot, wanted or taken."""

    holder: Holder
    claims: tuple[Claim, ...]


class Refused(NamedTuple):
    """The claim that found no seat."""

    slot: int
    claim: Claim
    calls: int
    """Under its key, with those that the same call wanted before it."""


class Seats(Protocol):
    """Seats of the whole cluster, or of this process."""

    def calls(self, key: str) -> int:
        """Return the seats taken under `key`, as far as is known without asking anybody."""

    async def take(
        self, wanted: Sequence[Taken], now: float, note: Note | None = None
    ) -> Refused | None:
        """Take a seat of every claim of these slots of a call, or of none; say what refused.

        A slot that has its seats keeps them: a repeat takes nothing. What is taken stands with a
        `note` in place of the one before.
        """

    async def note(self, call_id: str) -> str:
        """Return the note of a call; empty without one. It goes with the last seats."""

    async def give_back(self, call_id: str, slot: int) -> None:
        """Free the seats of one slot. A slot without seats is fine."""

    async def release(self, call_id: str) -> None:
        """Free every seat of a call. An unknown call is fine."""

    async def renew(self, instance: str, epoch: str, now: float) -> bool:
        """Keep an instance's seats for another `LEASE`.

        Return whether they are known; if not, it should announce them. Seats taken under another
        epoch of the same instance are freed.
        """

    async def announce(self, instance: str, epoch: str, taken: Iterable[Taken], now: float) -> None:
        """Take the seats of live calls whatever the limits say. A repeat takes nothing."""

    async def expire(self, now: float) -> list[str]:
        """Free the seats of instances not heard of; return the ids of the calls that lost them."""


def refusal(claim: Claim, calls: int) -> bool:
    """Say whether `claim` finds no seat when `calls` are taken already."""
    return claim.limit is not None and (
        calls >= claim.limit or claim.limit - calls < claim.left_free
    )
