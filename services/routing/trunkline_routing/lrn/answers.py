"""What is asked about a number and what may be answered (RTE-23)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

KEY_DIGITS: Final = 10
_KEY: Final = re.compile(r"\d{10}\Z")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about a number."""

    lrn: str | None = None
    """Its routing number; nothing when it was not ported."""
    state: str = ""
    """State of the routing number, where the source tells it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Nothing could be learnt."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What was learnt for one call."""

    callee: Answer | Failure
    caller: Answer | Failure


NOT_PORTED: Final = Answer()


def query_key(number: str, eaten: int) -> str | None:
    """Return the ten digits that are asked about, or nothing when there aren't ten."""
    key = number[eaten:]
    return key if _KEY.match(key) else None


def is_routing_number(text: str) -> bool:
    """Say whether an answer is a routing number at all."""
    return bool(_KEY.match(text))
