"""Rows of a file by the columns they belong to; each with its line, so that its sender finds it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from trunkline_kernel.sheets import delimiter_of

_NO_LETTERS: Final = re.compile(r"[^a-z0-9]")


class UnreadableText(ValueError):
    """The header names a column twice."""


class Line(NamedTuple):
    """One row: its line in the text, and its cells by column. Empty cells are left out."""

    number: int
    cells: dict[str, str]


def read_rows(text: str, columns: Sequence[str], aliases: Mapping[str, str]) -> Iterator[Line]:
    """Yield the rows of `text`.

    `columns` are the fields in their order, `aliases` other names of them. A first line that names
    any of them is the header; its unknown columns are ignored. Raises `UnreadableText`.
    """
    lines = text.splitlines()
    reader = csv.reader(lines, delimiter=delimiter_of(lines), skipinitialspace=True)
    names: Sequence[str | None] = columns
    for place, cells in enumerate(reader):
        if place == 0 and (header := _header(cells, columns, aliases)):
            names = header
        elif any(cell.strip() for cell in cells):
            yield Line(reader.line_num, _named(names, cells))


def _header(
    cells: Sequence[str], columns: Sequence[str], aliases: Mapping[str, str]
) -> list[str | None] | None:
    known = {_folded(column): column for column in columns}
    known |= {_folded(alias): column for alias, column in aliases.items()}
    names = [known.get(_folded(cell)) for cell in cells]
    found = [name for name in names if name]
    if not found:
        return None
    if len(set(found)) != len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise UnreadableText(f"line 1: two columns are called {twice}")
    return names


def _named(names: Sequence[str | None], cells: Sequence[str]) -> dict[str, str]:
    pairs = zip(names, map(str.strip, cells), strict=False)
    return {name: cell for name, cell in pairs if name and cell}


def _folded(name: str) -> str:
    return _NO_LETTERS.sub("", name.lower())
