"""All edits of a group as one PostgreSQL statement: one round trip instead of one a table.

Each edit is a `WITH` query over the rows of its arrays, a parameter a column. The text depends on
the shapes of the edits alone, so it is prepared once for every kind of group.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import Table

from .driver import DIALECT, array_type
from .edits import Edit, Shape, Verb
from .values import values_of

Arrays = tuple[list[Any], ...]


def one_statement(edits: Sequence[Edit], *, durable: bool) -> tuple[str, Arrays]:
    """Return the text that makes `edits` and its parameters.

    Not `durable` are leases: they may be lost with the server and do not wait for its disk.
    """
    shapes = tuple(edit.shape for edit in edits)
    arrays = (array for edit in edits for array in values_of(edit, DIALECT))
    return _text(shapes, durable), tuple(arrays)


@cache
def _text(shapes: tuple[Shape, ...], durable: bool) -> str:
    numbers = count(1)
    parts = [f"e{at} AS ({_edit(shape, numbers)})" for at, shape in enumerate(shapes)]
    end = "SELECT 1" if durable else "SELECT set_config('synchronous_commit', 'off', true)"
    return f"WITH {', '.join(parts)} {end}"


def _edit(shape: Shape, numbers: Iterator[int]) -> str:
    verb, table, key, columns = shape
    names = ", ".join(columns)
    rows = f"unnest({', '.join(_parameter(table, column, numbers) for column in columns)})"
    given = f"{rows} AS given ({names})"
    found = " AND ".join(f"{table.name}.{column} = given.{column}" for column in key)
    add = f"INSERT INTO {table.name} ({names}) SELECT * FROM {rows}"  # noqa: S608 - our own names
    match verb:
        case Verb.ADD:
            return add
        case Verb.ADD_MISSING:
            return f"{add} ON CONFLICT DO NOTHING"
        case Verb.PUT:
            changed = _assignments(shape, "excluded")
            return f"{add} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
        case Verb.CHANGE:
            changed = _assignments(shape, "given")
            return f"UPDATE {table.name} SET {changed} FROM {given} WHERE {found}"  # noqa: S608
        case Verb.DROP:
            return f"DELETE FROM {table.name} USING {given} WHERE {found}"  # noqa: S608


def _assignments(shape: Shape, source: str) -> str:
    return ", ".join(f"{column} = {source}.{column}" for column in shape.values)


def _parameter(table: Table, column: str, numbers: Iterator[int]) -> str:
    return f"${next(numbers)}::{array_type(table, column)}"
