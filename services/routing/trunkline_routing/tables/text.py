"""Delimited text as carriers send it: its delimiter, BOM and header are recognised.

Every row comes with its line, so that whoever sent it can find it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

DELIMITERS: Final = ",;\t|"
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]")


class UnreadableText(ValueError):
    """The text is not UTF-8, or its header names a column twice or none that is known."""


class Line(NamedTuple):
    """One row: its line in the text, and its cells by column. Empty cells are left out."""

    number: int
    cells: dict[str, str]


def read_rows(text: bytes, columns: Sequence[str], aliases: Mapping[str, str]) -> Iterator[Line]:
    """Yield the rows of `text`.

    `columns` are the fields in their order, `aliases` other names of them. A first line that names
    any of them is the header; its unknown columns are ignored. Raises `UnreadableText`.
    """
    try:
        plain = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableText(f"byte {error.start} is not UTF-8") from error
    lines = io.StringIO(plain, newline="")
    reader = csv.reader(lines, delimiter=_delimiter(plain), skipinitialspace=True)
    names: Sequence[str | None] = columns
    for place, cells in enumerate(reader):
        if place == 0 and (header := _header(cells, columns, aliases)):
            names = header
        elif any(cell.strip() for cell in cells):
            yield Line(reader.line_num, _named(names, cells))


def _delimiter(text: str) -> str:
    """Return the delimiter that the first line has most of; a comma when it has none."""
    first = text.partition("\n")[0]
    return max(DELIMITERS, key=first.count)


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
