"""Routing gateways as signaling knows them: where they are, and which of their addresses answer.

Probing is SIG-16: any response counts, silence to the end of the resend list does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..calls.parties import Target


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the configuration says of a routing gateway."""

    name: str
    targets: tuple[Target, ...] = ()
    """In order of preference. Empty for one that registers here."""
    options_check: bool = False
    allow_publish: bool = False
    capacity: int | None = None
    """Calls at once it may have; None is no limit."""
    registers_there: bool = False
    """We register there: only that says whether it can be reached."""


class Reach:
    """Which addresses of one gateway answer, and which of them calls go to."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self._answers: dict[Target, bool | None] = dict.fromkeys(targets)
        self.current = next(iter(self._answers))
        """Where calls go: it stays there as long as that answers."""

    @property
    def reachable(self) -> bool | None:
        """Whether any address answers; None while that is not known."""
        known = self._answers.values()
        if True in known:
            return True
        return None if None in known else False

    def note(self, target: Target, *, answers: bool) -> None:
        """Take note of a probe."""
        self._answers[target] = answers
        if self._answers[self.current] is False:
            self.current = self._best()

    def _best(self) -> Target:
        """Return the first that answers, else the first that may, else where we are."""
        for wanted in (True, None):
            for target, answers in self._answers.items():
                if answers is wanted:
                    return target
        return self.current
