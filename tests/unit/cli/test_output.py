"""Tables: whole on a pipe, fitted on a terminal."""

import io

from rich.console import Console
from trunkline_cli.output import Column, plain_table, rich_table

COLUMNS: list[Column[tuple[str, ...]]] = [
    Column("Time", lambda row: row[0]),
    Column("Call", lambda row: row[1], identity=True),
    Column("Callee", lambda row: row[2]),
    Column("Charge", lambda row: row[3], number=True),
]
ROW = ("2026-11-23 10:21:03", "b557f4081234567890abcdef12345678", "442071838750", "0.0120 USD")


def drawn(width: int) -> str:
    out = Console(file=io.StringIO(), width=width)
    table = rich_table([ROW], COLUMNS, "", width)
    assert table is not None
    out.print(table)
    file = out.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def test_a_piped_table_is_never_cut() -> None:
    assert plain_table([ROW], COLUMNS, "").splitlines()[1] == "  ".join(ROW)


def test_a_terminal_shows_the_beginning_of_an_id() -> None:
    assert " b557f408 " in drawn(100)


def test_a_narrow_terminal_breaks_between_words_and_no_number() -> None:
    narrow = drawn(52)

    assert "442071838750" in narrow
    assert "2026-11-23 10:21:03" not in narrow
    assert all(len(line) <= 52 for line in narrow.splitlines())


def test_a_terminal_too_narrow_for_the_words_gets_no_table() -> None:
    assert rich_table([ROW], COLUMNS, "", 40) is None
