"""What importing rows makes of a table: pure, so that a dry run and an import can't differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from trunkline_kernel.documents import Row, Rows
from trunkline_kernel.progress import Progress, Stage

from .layouts import Json, Key, Layout
from .text import Line, read_rows

MOST_DIFFERENCES: Final = 1000
STEP: Final = 5_000
"""Rows from one word of progress to the next."""


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
    """How a table as it would be differs from what it is."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    differences: list[Difference] = field(default_factory=list)
    """The first of them, at most `MOST_DIFFERENCES`."""
    bad_rows: list[BadRow] = field(default_factory=list)


def plan_import(
    layout: Layout, stored: Iterable[Row], text: str, *, replace: bool
) -> Iterator[Progress | Import | Rows[Row]]:
    """Yield how far it is, then what `text` makes of the rows that are stored, and those.

    Of equal keys the later row counts. Raises `UnreadableText` when there are no rows to be read.
    """
    bad: list[BadRow] = []
    given: dict[Key, Json] = {}
    total = text.count("\n") + 1
    for line in read_rows(text, layout.columns, layout.aliases):
        if row := _parse(layout, line, bad):
            given[layout.key_of(row)] = row
        if not line.number % STEP:
            yield Progress(Stage.READ, min(line.number, total), total)
    before = {layout.key_of(row): row for row in map(_dump, stored)}
    result = Import(bad_rows=bad)
    for count, (key, row) in enumerate(given.items()):
        _compare(result, key, before.get(key), row)
        if not count % STEP:
            yield Progress(Stage.CHECKED, count, len(given))
    if replace:
        for key in before.keys() - given.keys():
            _compare(result, key, before[key], None)
    yield result
    rows = (given if replace else before | given).values()
    yield Rows(layout.row, map(layout.row.model_validate, rows))


def _compare(result: Import, key: Key, before: Json | None, after: Json | None) -> None:
    if before == after:
        result.unchanged += 1
        return
    if before is None:
        result.added += 1
    elif after is None:
        result.removed += 1
    else:
        result.changed += 1
    _note(result, key, before, after)


def _note(result: Import, key: Key, before: Json | None, after: Json | None) -> None:
    if len(result.differences) < MOST_DIFFERENCES:
        name = " ".join(str(part) for part in key if part is not None)
        result.differences.append(Difference(name, before, after))


def _parse(layout: Layout, line: Line, bad: list[BadRow]) -> Json | None:
    try:
        return _dump(layout.row.model_validate(line.cells))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        bad.append(BadRow(line.number, "; ".join(map(_spell, problems))))
        return None


def _dump(row: Row) -> Json:
    dumped: Json = row.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return dumped


def _spell(problem: Any) -> str:
    where = ".".join(map(str, problem["loc"]))
    return f"{where}: {problem['msg']}" if where else str(problem["msg"])
