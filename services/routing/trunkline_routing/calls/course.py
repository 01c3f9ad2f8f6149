"""A call under way: what is remembered of it here, and what lets another replica take it over.

Another replica needs little: with the call and its seed it draws the same numbers again, and with
the names that were tried it goes on behind them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from ..candidates.judge import Exclusion, Fit
from ..candidates.offer import Forward, Offer
from .call import Call
from .decision import Decision
from .facts import Facts
from .refusals import Refusal


@dataclass(frozen=True, slots=True)
class Record:
    """What other replicas find with its seats."""

    call: Call
    seed: int
    attempt: int
    tried: tuple[str, ...]
    """Gateways that were offered, or numbers it was forwarded to; the last is being tried."""
    cause: str = ""
    """Why its phone passes it on."""

    def to_json(self) -> str:
        """Return it as it is kept."""
        return _RECORD.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the one that was kept, be it by a replica that knew nothing of forwarding."""
        return _RECORD.validate_json(text)


_RECORD: Final = TypeAdapter(Record)


@dataclass(slots=True)
class Course:
    """A call under way here: its first answer, where it is, and who is left."""

    facts: Facts
    seed: int
    rng: random.Random
    waiting: list[Fit] = field(default_factory=list)
    """The next candidate stands last."""
    excluded: list[Exclusion] = field(default_factory=list)
    seated: bool = False
    """The caller has its seats."""
    tried: list[str] = field(default_factory=list)
    cause: str = ""
    """Why the called phone passes it on; empty while it does not."""
    forwards: list[Forward] = field(default_factory=list)
    """Whom it may still pass it on to, the next one last."""
    attempt: int = 1
    decision: Decision | None = None
    latest: Offer | Refusal | None = None

    @property
    def record(self) -> Record:
        """Return what another replica needs."""
        return Record(self.facts.call, self.seed, self.attempt, tuple(self.tried), self.cause)
