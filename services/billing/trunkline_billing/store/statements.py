"""Edits as SQLAlchemy's statements, one a table, for either database."""

from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Executable, Table, delete, insert, update
from sqlalchemy import bindparam as bind
from sqlalchemy.dialects import postgresql, sqlite

from .edits import Edit, Row, Shape, Verb

KEY: Final = "key_"
"""Before the names of keys to look for: SQLAlchemy keeps a column's own name for a new value."""

Statement = tuple[Executable, list[Row]]


def statement_of(edit: Edit, dialect: str) -> Statement:
    """Return the statement of an edit and the rows to run it with."""
    executable = _executable(edit.shape, dialect)
    if edit.shape.verb not in (Verb.CHANGE, Verb.DROP):
        return executable, edit.rows
    names = {column: KEY + column for column in edit.shape.key}
    return executable, [{names.get(c, c): value for c, value in row.items()} for row in edit.rows]


@cache
def _executable(shape: Shape, dialect: str) -> Executable:
    match shape.verb:
        case Verb.ADD:
            return insert(shape.table)
        case Verb.ADD_MISSING:
            return _insert(shape.table, dialect).on_conflict_do_nothing()
        case Verb.PUT:
            put = _insert(shape.table, dialect)
            changed = {column: put.excluded[column] for column in shape.values}
            return put.on_conflict_do_update(index_elements=shape.key, set_=changed)
        case Verb.CHANGE:
            return update(shape.table).where(*_found(shape))
        case Verb.DROP:
            return delete(shape.table).where(*_found(shape))


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _found(shape: Shape) -> list[ColumnElement[bool]]:
    return [shape.table.c[column] == bind(KEY + column) for column in shape.key]
