r"""The number transform table: whole numbers, or patterns of them, replaced by others (RTE-01).

One row is applied for a party at a point of the pipeline: the full number first, then the pattern
with more literal digits, then the lower id. A target may keep digits with `$` and end in `*`, which
stands for what the one `*` of its original matched; `\*` is the star itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from .errors import PlanError
from .patterns import Pattern, parse_pattern
from .targets import Spelled

_PLAIN: Final = frozenset("#+")
_TARGET: Final = re.compile(r"(?P<head>(?:[0-9#+$]|\\\*)*)(?P<rest>\*?)\Z")
_CERTAIN: Final = random.Random(0)  # noqa: S311  a target without ? never draws from it


class Party(StrEnum):
    """Whose number it is."""

    CALLER = "caller"
    CALLEE = "callee"


class Point(StrEnum):
    """Where in the pipeline a row is consulted."""

    MAPPING = "mapping"
    ROUTING = "routing"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class TransformRow:
    """One row, read and checked."""

    id: str
    party: Party
    point: Point
    original: Pattern
    target: str
    head: Spelled
    rest: bool

    def write(self, number: str, match: re.Match[str] | None) -> str:
        """Return the target for `number`, which the original matched as a whole."""
        tail = match[1] if self.rest and match else ""
        return self.head.write(number, _CERTAIN) + tail

    def __str__(self) -> str:
        return f"{self.original.text} -> {self.target}"


@dataclass(frozen=True, slots=True)
class Transformed:
    """What a row made of a number."""

    number: str
    row: TransformRow


def parse_row(id: str, original: str, target: str, party: Party, point: Point) -> TransformRow:
    """Return the row that the fields spell.

    Raises `PlanError` for an empty side, a character that doesn't belong there, and a `*` at the
    end of the target without exactly one `*` in the original.
    """
    pattern = parse_pattern(original.replace(" ", ""), plain=_PLAIN)
    spelled = target.replace(" ", "")
    if not spelled:
        raise PlanError(f"the target of {original!r} is empty: expected a number")
    parts = _TARGET.match(spelled)
    if parts is None:
        raise PlanError(f"{target!r}: a target holds digits, #, +, $, \\* and one * at its end")
    rest = bool(parts["rest"])
    if rest and pattern.stars != 1:
        raise PlanError(f"{target!r}: * at the end needs exactly one * in {original!r}")
    head = Spelled(parts["head"].replace("\\", ""))
    return TransformRow(id, party, point, pattern, spelled, head, rest)


class Rows(Protocol):
    """Rows of one table, found by what they are for."""

    def find(self, key: str) -> Iterable[TransformRow]:
        """Return the rows of a key, the lower id first."""


class TransformTable:
    """Every row of the platform, by party and point. `tables` come in the order of their ids."""

    def __init__(self, tables: Sequence[Rows] = ()) -> None:
        self._tables = tables
        self._patterns = {
            (party, point): _patterns(tables, party, point)
            for party in Party
            for point in (Point.MAPPING, Point.ROUTING)
        }

    def apply(self, number: str, party: Party, point: Point) -> Transformed | None:
        """Return what the best row makes of `number`, or nothing when no row matches."""
        key = number_key(party, point, number)
        rows = (row for table in self._tables for row in table.find(key))
        if row := next(rows, None):
            return Transformed(row.write(number, None), row)
        for expression, row in self._patterns[party, point]:
            if match := expression.match(number):
                return Transformed(row.write(number, match), row)
        return None


def number_key(party: Party, point: Point, number: str) -> str:
    """Return by what rows are found that replace a whole number."""
    return f"{party} {point} {number}"


def pattern_key(party: Party, point: Point) -> str:
    """Return by what rows are found that replace what a pattern matches."""
    return f"{party} {point}"


def keys_of(row: TransformRow) -> Iterator[str]:
    """Yield the keys of a row."""
    literal = row.original.literal
    points = (Point.MAPPING, Point.ROUTING) if row.point is Point.ANY else (row.point,)
    for point in points:
        if literal is None:
            yield pattern_key(row.party, point)
        else:
            yield number_key(row.party, point, literal)


def _patterns(
    tables: Sequence[Rows], party: Party, point: Point
) -> list[tuple[re.Pattern[str], TransformRow]]:
    """Return the rows of patterns, those with more literal digits first."""
    rows = [row for table in tables for row in table.find(pattern_key(party, point))]
    rows.sort(key=lambda row: -row.original.literals)
    return [(row.original.expression(whole=True), row) for row in rows]


def duplicates(rows: Iterable[TransformRow]) -> list[tuple[TransformRow, TransformRow]]:
    """Return each row whose party, point and original another row has already, with that other."""
    seen: dict[tuple[Party, Point, str], TransformRow] = {}
    found = []
    for row in rows:
        first = seen.setdefault((row.party, row.point, row.original.text), row)
        if first is not row:
            found.append((first, row))
    return found
