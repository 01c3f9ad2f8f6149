"""Bulk changes of a number list: text in, changed parts out, or every bad line at once (AUT-14)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from trunkline_kernel.digit_sets import DigitSet, encode

MAX_ERRORS: Final = 100
"""Bad lines that are named; the rest is counted."""


class ImportMode(Enum):
    """What happens to the numbers a list has."""

    REPLACE = auto()
    ADD = auto()
    REMOVE = auto()


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no number."""

    number: int
    """From 1."""
    problem: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import changes."""

    added: int = 0
    removed: int = 0
    total: int = 0
    """Numbers in the list afterwards."""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    """Changed parts; an empty one is gone."""
    errors: tuple[BadLine, ...] = ()
    """With any, nothing changes."""


def plan_import(parts: Mapping[str, bytes], text: str, mode: ImportMode) -> ImportPlan:
    """Return what `text`, a number a line, makes of the list stored as `parts`.

    Blank lines, a byte order mark, and blanks, hyphens, dots and brackets inside numbers do not
    count.
    """
    numbers, errors = _numbers(text)
    if errors:
        return ImportPlan(errors=tuple(errors))
    members = DigitSet()
    for name, packed in parts.items():
        members.put_part(name, packed)
    before, kept = len(members), sum(number in members for number in numbers)
    match mode:
        case ImportMode.REPLACE:
            changed = members.replace(numbers)
            added, removed = len(numbers) - kept, before - kept
        case ImportMode.ADD:
            changed = members.change(add=numbers)
            added, removed = len(numbers) - kept, 0
        case ImportMode.REMOVE:
            changed = members.change(remove=numbers)
            added, removed = 0, kept
    return ImportPlan(added, removed, len(members), changed)


_IGNORED: Final = str.maketrans("", "", " \t-.()\u00a0")


def _numbers(text: str) -> tuple[set[str], list[BadLine]]:
    numbers: set[str] = set()
    errors: list[BadLine] = []
    for place, line in _lines(text):
        try:
            encode(line)
        except ValueError as error:
            errors.append(BadLine(place, f"{line[:32]!r} {error}"))
            if len(errors) == MAX_ERRORS:
                break
        else:
            numbers.add(line)
    return numbers, errors


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for place, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        number = line.translate(_IGNORED)
        if number:
            yield place, number
