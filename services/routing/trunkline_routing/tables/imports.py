"""What importing rows makes of a table: pure, so that a dry run and an import can't differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from trunkline_kernel.documents import Spec

from .layouts import Layout
from .text import Line, read_rows

Json = dict[str, Any]
Key = tuple[Any, ...]

MOST_DIFFERENCES: Final = 1000


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One row before and after an import; None where it is not there."""

    key: str
    before: Json | None
    after: Json | None


@dataclass(slots=True)
class Import:
    """A table as it would be, and how that differs from what it is."""

    rows: list[Json]
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    differences: list[Difference] = field(default_factory=list)
    """The first of them, at most `MOST_DIFFERENCES`."""
    bad_rows: list[BadRow] = field(default_factory=list)


def plan_import(layout: Layout, stored: Sequence[Spec], text: str, *, replace: bool) -> Import:
    """Return what `text` makes of the rows that are stored; of equal keys the later row counts.

    Raises `UnreadableText` when there are no rows to be read at all.
    """
    bad: list[BadRow] = []
    given = _by_key(layout, _parse(layout, read_rows(text, layout.columns, layout.aliases), bad))
    before = _by_key(layout, map(_dump, stored))
    result = Import([], bad_rows=bad)
    for key, row in given.items():
        if key not in before:
            result.added += 1
        elif before[key] == row:
            result.unchanged += 1
            continue
        else:
            result.changed += 1
        _note(result, key, before.get(key), row)
    if replace:
        for key in before.keys() - given.keys():
            result.removed += 1
            _note(result, key, before[key], None)
        result.rows = list(given.values())
    else:
        result.rows = list((before | given).values())
    return result


def _note(result: Import, key: Key, before: Json | None, after: Json | None) -> None:
    if len(result.differences) < MOST_DIFFERENCES:
        name = " ".join(str(part) for part in key if part is not None)
        result.differences.append(Difference(name, before, after))


def _parse(layout: Layout, lines: Iterable[Line], bad: list[BadRow]) -> Iterable[Json]:
    for line in lines:
        try:
            yield _dump(layout.row.model_validate(line.cells))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            bad.append(BadRow(line.number, "; ".join(map(_spell, problems))))


def _by_key(layout: Layout, rows: Iterable[Json]) -> dict[Key, Json]:
    return {tuple(row.get(column) for column in layout.key): row for row in rows}


def _dump(row: Spec) -> Json:
    dumped: Json = row.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return dumped


def _spell(problem: Any) -> str:
    where = ".".join(map(str, problem["loc"]))
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
