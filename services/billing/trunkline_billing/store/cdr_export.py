"""CDRs as CSV (RFC 4180), straight from their columns: a million takes seconds, not minutes.

Times are ISO 8601 in UTC, spans whole seconds, amounts plain decimals; what is absent is empty.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Integer, String, cast, or_, select, type_coerce
from trunkline_kernel.database import Database

from .tables import CDRS
from .types import Seconds

ROWS_AT_ONCE: Final = 2000
LEFT_OUT: Final = {"agents", "extension"}
COLUMNS: Final = [column for column in CDRS.c if column.name not in LEFT_OUT]
SELECTED: Final = [
    type_coerce(column, Integer)
    if isinstance(column.type, Seconds)
    else cast(column, String)
    if column.name in ("fee", "cost")
    else column
    for column in COLUMNS
]


class CdrExport:
    """Writes CDRs as CSV."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def parts(
        self, begin: datetime, end: datetime, *, account: str = "", gateway: str = ""
    ) -> AsyncIterator[bytes]:
        """Yield the CSV of calls that ended from `begin` until before `end`, oldest first."""
        yield _lines([[column.name for column in COLUMNS]])
        query = (
            select(*SELECTED)
            .where(*_conditions(begin, end, account, gateway))
            .order_by(CDRS.c.end_time, CDRS.c.flow_no)
            .execution_options(yield_per=ROWS_AT_ONCE)
        )
        async with self._database.reading() as session:
            async for rows in (await session.stream(query)).partitions():
                yield _lines(rows)


def _conditions(
    begin: datetime, end: datetime, account: str, gateway: str
) -> list[ColumnElement[bool]]:
    conditions = [CDRS.c.end_time >= begin, CDRS.c.end_time < end]
    if account:
        conditions.append(or_(CDRS.c.account == account, CDRS.c.clearing_account == account))
    if gateway:
        conditions.append(or_(CDRS.c.caller_name == gateway, CDRS.c.callee_name == gateway))
    return conditions


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
