"""The right side of a rule: what is written in place of the matched prefix (RTE-05, RTE-06).

A target is a list of choices drawn with equal chance. A choice is a range of numbers, or characters
among which `?` is a random digit and `$` keeps the digit at its own position of the number.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Final

from .errors import PlanError

KEEP: Final = "$"
RANDOM_DIGIT: Final = "?"
_RANGE: Final = re.compile(r"(\d+)-(\d+)\Z")
_SPELLING: Final = re.compile(r"[0-9*#+$?]*\Z")


@dataclass(frozen=True, slots=True)
class Spelled:
    """Characters, some of which depend on the number or on chance."""

    text: str

    def write(self, number: str, rng: random.Random) -> str:
        """Return this choice for `number`; a `$` beyond its end writes nothing."""
        return "".join(
            number[position : position + 1]
            if character == KEEP
            else str(rng.randrange(10))
            if character == RANDOM_DIGIT
            else character
            for position, character in enumerate(self.text)
        )

    @property
    def fixed(self) -> bool:
        """Whether every number gets the same."""
        return KEEP not in self.text and RANDOM_DIGIT not in self.text


@dataclass(frozen=True, slots=True)
class Range:
    """One of the numbers from `low` to `high`, both included, all `width` digits wide."""

    low: int
    high: int
    width: int

    def write(self, number: str, rng: random.Random) -> str:
        """Return one of the range; `number` plays no part."""
        return str(rng.randint(self.low, self.high)).zfill(self.width)

    @property
    def fixed(self) -> bool:
        """A range is a matter of chance, even of one."""
        return False


@dataclass(frozen=True, slots=True)
class Target:
    """Everything on the right of a rule's colon."""

    text: str
    choices: tuple[Spelled | Range, ...]

    @property
    def constant(self) -> str | None:
        """What is always written, when neither chance nor the number has a say."""
        [first, *others] = self.choices
        return self.text if not others and first.fixed else None

    def write(self, number: str, rng: random.Random) -> str:
        """Return what stands in place of the prefix of `number`."""
        choice = self.choices[0] if len(self.choices) == 1 else rng.choice(self.choices)
        return choice.write(number, rng)


def parse_target(text: str) -> Target:
    """Return the target that `text` spells; an empty one strips the prefix.

    Raises `PlanError` for a character that a target can't hold, an empty choice among several, and
    a range whose ends differ in width or run downwards.
    """
    texts = text.split(";")
    if len(texts) > 1 and "" in texts:
        raise PlanError(f"{text!r}: a choice between semicolons is empty")
    return Target(text, tuple(_parse_choice(choice) for choice in texts))


def _parse_choice(text: str) -> Spelled | Range:
    if spelled := _RANGE.match(text):
        return _parse_range(spelled[1], spelled[2])
    if "-" in text:
        raise PlanError(f"{text!r}: a range is two numbers with one - between them")
    if not _SPELLING.match(text):
        raise PlanError(f"{text!r}: a target holds digits, *, #, +, $, ? and choices with ;")
    return Spelled(text)


def _parse_range(low: str, high: str) -> Range:
    if len(low) != len(high):
        raise PlanError(f"{low}-{high}: both ends of a range need the same width")
    if int(low) > int(high):
        raise PlanError(f"{low}-{high}: a range runs upwards")
    return Range(int(low), int(high), len(low))
