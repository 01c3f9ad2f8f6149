"""Rows column by column, as a driver takes them."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Dialect

from .edits import Edit

Convert = Callable[[Any], Any] | None


def values_of(edit: Edit, dialect: Dialect) -> Iterator[list[Any]]:
    """Yield the values of each of the edit's columns."""
    for column in edit.shape.columns:
        convert = to_database(edit.shape.table, column, dialect)
        values = [row[column] for row in edit.rows]
        yield values if convert is None else [convert(value) for value in values]


@cache
def to_database(table: Table, column: str, dialect: Dialect) -> Convert:
    """Return what makes a value of `column` one that the driver takes."""
    return table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
