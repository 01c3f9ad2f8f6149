"""How answers are shown: tables for people, proto JSON for programs.

On a terminal tables have colours and fit its width. Piped, they are plain columns that are never
cut. JSON has the field names of the protos in lowerCamelCase, every field present: an array for a
list, an object for one thing.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Generic, TypeVar

import typer
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

SHORT_ID: Final = 8
GAP: Final = 1
"""Columns of space right of a cell, beside the one of the box."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"


class DocumentFormat(StrEnum):
    """How documents are written."""

    TABLE = "table"
    YAML = "yaml"
    JSON = "json"


OutputOption = Annotated[
    Format, typer.Option("--output", "-o", help="table for people, json for programs.")
]


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its title, and what it shows of an item."""

    title: str
    value: Callable[[T], str]
    style: str = ""
    number: bool = False
    """Whether it is aligned to the right."""
    identity: bool = False
    """Whether it is a long id, of which a terminal shows the beginning: that finds it too."""


def console() -> Console:
    """Return the console of standard output."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def error_console() -> Console:
    """Return the console of standard error."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something long goes on, and for how long already."""
    columns, out = (TextColumn(what), BarColumn(), TimeElapsedColumn()), error_console()
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        progress.add_task(what, total=None)
        yield


def as_json(message: Message) -> dict[str, Any]:
    """Return a message as proto JSON with every field present."""
    content: dict[str, Any] = MessageToDict(message, always_print_fields_with_no_presence=True)
    return content


def write_json(content: Any) -> None:
    """Write one JSON value and a newline."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def show_list(items: Iterable[T], columns: Sequence[Column[T]], output: Format) -> None:
    """Write messages as a table, or as an array."""
    if output is Format.JSON:
        write_json([as_json(item) for item in items if isinstance(item, Message)])
    else:
        show_table(items, columns)


def show_table(items: Iterable[T], columns: Sequence[Column[T]], title: str = "") -> None:
    """Write a table in the way that suits whoever reads it."""
    rows = [[column.value(item) for column in columns] for item in items]
    if sys.stdout.isatty():
        out = console()
        table = rich_table(rows, columns, title, out.width)
        out.print(plain_table(rows, columns, title) if table is None else table)
    else:
        sys.stdout.write(plain_table(rows, columns, title))


def show_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Write names and values, one a line. Empty values are left out."""
    shown = [(name, value) for name, value in fields if value]
    width = max((len(name) for name, _ in shown), default=0)
    out = console()
    for name, value in shown:
        out.print(Text.assemble((f"{name:<{width}}  ", "bold"), value))


def rich_table(
    rows: Sequence[Sequence[str]], columns: Sequence[Column[T]], title: str, width: int
) -> Table | None:
    """Return a table with colours; None when it would have to break numbers or names."""
    table = Table(
        box=SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        padding=(0, GAP, 0, 0),
        pad_edge=False,
    )
    needed = 0
    short = [shorten(columns, row) for row in rows]
    for column, *shown in zip(columns, *short, strict=True):
        words = [word for cell in [column.title, *shown] for word in cell.split()]
        needed += max(map(len, words)) + GAP + 1
        table.add_column(
            column.title,
            style=column.style,
            justify="right" if column.number else "left",
            no_wrap=not any(" " in cell for cell in shown),
        )
    for row in short:
        table.add_row(*map(Text, row))
    return table if needed <= width else None


def shorten(columns: Sequence[Column[T]], row: Sequence[str]) -> list[str]:
    """Return the cells of a row as a terminal has room for them."""
    return [
        cell[:SHORT_ID] if column.identity else cell
        for column, cell in zip(columns, row, strict=True)
    ]


def plain_table(rows: Sequence[Sequence[str]], columns: Sequence[Column[T]], title: str) -> str:
    """Return columns of text with two spaces between them."""
    heads = [column.title.upper() for column in columns]
    lines = [heads, *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    text = f"{title}\n" if title else ""
    for line in lines:
        cells = [
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text
