"""Edits as the driver of SQLite takes them: a statement for one row, run for each.

SQLAlchemy would be most of the CPU of a small commit. Parameters are numbered by the columns of the
edit, so its rows serve every verb as they are.
"""

from functools import cache
from typing import Any, Final

from sqlalchemy.dialects import sqlite

from .edits import Edit, Shape, Verb
from .values import values_of

DIALECT: Final = sqlite.dialect()

RowStatement = tuple[str, list[tuple[Any, ...]]]


def row_statement(edit: Edit) -> RowStatement:
    """Return the text that makes one row of `edit`, and its rows."""
    return _text(edit.shape), list(zip(*values_of(edit, DIALECT), strict=True))


@cache
def _text(shape: Shape) -> str:
    verb, table, key, columns = shape
    names, values = ", ".join(columns), ", ".join(_given(shape, column) for column in columns)
    found = " AND ".join(f"{column} = {_given(shape, column)}" for column in key)
    add = f"INSERT INTO {table.name} ({names}) VALUES ({values})"  # noqa: S608 - our own names
    match verb:
        case Verb.ADD:
            return add
        case Verb.ADD_MISSING:
            return f"{add} ON CONFLICT DO NOTHING"
        case Verb.PUT:
            changed = ", ".join(f"{column} = excluded.{column}" for column in shape.values)
            return f"{add} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
        case Verb.CHANGE:
            changed = ", ".join(f"{column} = {_given(shape, column)}" for column in shape.values)
            return f"UPDATE {table.name} SET {changed} WHERE {found}"  # noqa: S608
        case Verb.DROP:
            return f"DELETE FROM {table.name} WHERE {found}"  # noqa: S608


def _given(shape: Shape, column: str) -> str:
    return f"?{shape.columns.index(column) + 1}"
