"""What asyncpg is asked directly: SQLAlchemy would be half of the CPU of a small commit.

Connections are SQLAlchemy's, from its pool; texts are made from its tables and queries, once.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, Table
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeDecorator, TypeEngine

from .values import Convert

DIALECT: Final = asyncpg.dialect()  # type: ignore[no-untyped-call]

Driver = Any
"""An asyncpg connection, which has no types."""
Row = dict[str, Any]


class NamedRows:
    """A query with one parameter, the names it looks for."""

    def __init__(self, query: Select[Any]) -> None:
        self._text = str(query.compile(dialect=DIALECT))
        self._columns = [
            (column.name, _from_database(column.type)) for column in query.selected_columns
        ]

    async def of(self, driver: Driver, names: Collection[str]) -> list[Row]:
        """Return the rows, as SQLAlchemy would."""
        return [self._row(record) for record in await driver.fetch(self._text, list(names))]

    def _row(self, record: Any) -> Row:
        return {
            name: record[name] if convert is None else convert(record[name])
            for name, convert in self._columns
        }


def _from_database(type_: TypeEngine[Any]) -> Convert:
    if isinstance(type_, TypeDecorator):
        return lambda value: type_.process_result_value(value, DIALECT)
    return None


async def driver_of(connection: AsyncConnection) -> Driver:
    """Return the driver's own connection; None when it is lost."""
    return (await connection.get_raw_connection()).driver_connection


@cache
def array_type(table: Table, column: str) -> str:
    """Return the type of an array of `column`s."""
    return f"{table.c[column].type.compile(DIALECT)}[]"
