r"""The left side of a rule: digits, `?` for one digit, `*` for any number of them (RTE-03, RTE-04).

`*`, `#` and `+` stand for themselves behind a backslash. What a pattern matches (the beginning of a
number or the whole of it) is the business of the table that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .errors import PlanError

_ESCAPABLE: Final = frozenset("*#+")
MAX_CONDITION: Final = 32
_CONDITION: Final = re.compile(r"[LEGF]\d*")


class Wildcard(StrEnum):
    """What a pattern leaves open."""

    DIGIT = "?"
    DIGITS = "*"


class Length(StrEnum):
    """How the total length of a number is compared (RTE-04)."""

    LESS = "L"
    EQUAL = "E"
    GREATER = "G"
    DIFFERENT = "F"


_WILDCARDS: Final = frozenset(Wildcard)


@dataclass(frozen=True, slots=True)
class LengthCondition:
    """`E11`: the number has eleven characters."""

    length: Length
    count: int

    def holds(self, length: int) -> bool:
        """Say whether a number of `length` characters fulfils this."""
        match self.length:
            case Length.LESS:
                return length < self.count
            case Length.EQUAL:
                return length == self.count
            case Length.GREATER:
                return length > self.count
            case Length.DIFFERENT:
                return length != self.count

    def __str__(self) -> str:
        return f"{self.length}{self.count}"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed left side, without its condition."""

    text: str
    parts: tuple[str | Wildcard, ...]

    @property
    def literal(self) -> str | None:
        """The characters themselves when nothing is left open."""
        return None if self.wild else "".join(self.parts)

    @property
    def wild(self) -> bool:
        """Whether anything is left open."""
        return any(isinstance(part, Wildcard) for part in self.parts)

    @property
    def weight(self) -> int:
        """How many characters match: `?` counts one, `*` none."""
        return sum(part is not Wildcard.DIGITS for part in self.parts)

    @property
    def literals(self) -> int:
        """How many characters are fixed."""
        return sum(not isinstance(part, Wildcard) for part in self.parts)

    @property
    def stars(self) -> int:
        """How many `*` there are."""
        return sum(part is Wildcard.DIGITS for part in self.parts)

    def expression(self, *, whole: bool) -> re.Pattern[str]:
        """Return the regular expression; each `*` is a group and takes as little as it can."""
        source = "".join(_source(part) for part in self.parts)
        return re.compile(rf"{source}\Z" if whole else source)


def parse_pattern(text: str, *, plain: frozenset[str] = frozenset()) -> Pattern:
    """Return the pattern that `text` spells; `plain` are symbols that need no backslash.

    Raises `PlanError` for an empty text and for any character that a pattern can't hold.
    """
    if not text:
        raise PlanError("the original is empty: expected a prefix, or * for every number")
    return Pattern(text, tuple(_parts(text, plain)))


def split_condition(text: str) -> tuple[str, LengthCondition | None]:
    """Cut a length condition off the end of a left side.

    Raises `PlanError` when the condition lacks its number, is out of 1-32, or is not the only one.
    """
    found = list(_CONDITION.finditer(text))
    if not found:
        return text, None
    if len(found) > 1:
        raise PlanError(f"{text!r} has {len(found)} length conditions: at most one is allowed")
    condition = found[0]
    if condition.end() != len(text):
        raise PlanError(f"{text!r}: a length condition stands at the end of the original")
    digits = condition.group()[1:]
    if not digits or not 1 <= int(digits) <= MAX_CONDITION:
        raise PlanError(
            f"{text!r}: expected a length of 1-{MAX_CONDITION} behind {condition[0][0]}"
        )
    return text[: condition.start()], LengthCondition(Length(condition[0][0]), int(digits))


def _parts(text: str, plain: frozenset[str]) -> Iterator[str | Wildcard]:
    characters = iter(text)
    for character in characters:
        if character == "\\":
            yield _escaped(next(characters, ""), text)
        elif character in _WILDCARDS:
            yield Wildcard(character)
        elif character in "0123456789" or character in plain:
            yield character
        else:
            raise PlanError(_unexpected(character, text))


def _escaped(character: str, text: str) -> str:
    if character not in _ESCAPABLE:
        raise PlanError(f"{text!r}: a backslash stands before *, # or + only")
    return character


def _unexpected(character: str, text: str) -> str:
    if character in _ESCAPABLE:
        return f"{text!r}: write \\{character} to match {character} itself"
    return f"{text!r}: {character!r} can't stand in an original; expected digits, * and ?"


def _source(part: str | Wildcard) -> str:
    match part:
        case Wildcard.DIGIT:
            return "[0-9]"
        case Wildcard.DIGITS:
            return "([0-9]*?)"
        case _:
            return re.escape(part)
