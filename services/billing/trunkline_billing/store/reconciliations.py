"""What came of comparisons with peers: one row a peer and day (BIL-14)."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from trunkline_kernel.database import Database

from ..money import Currency
from ..reconciliation.peer import Book, Record, Status
from ..reports.reconciliation import Totals
from .tables import RECONCILIATIONS
from .turns import turn

LATEST: Final = timedelta(days=31)
"""How far back the daily work looks."""

COLUMNS = RECONCILIATIONS.c


class Reconciliations:
    """The records."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        statement = insert(RECONCILIATIONS)
        self._put = statement.on_conflict_do_update(
            index_elements=["peer", "day"],
            set_={
                column.name: statement.excluded[column.name]
                for column in COLUMNS
                if not column.primary_key
            },
        )

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Keep other replicas from comparing; yield whether it is our turn."""
        return turn(self._database, "reconciliation")

    async def put(self, record: Record) -> None:
        """Store a record in place of the one of its peer and day."""
        async with self._database.session() as session:
            await session.execute(self._put, [_row(record)])

    async def latest(self, now: datetime) -> dict[tuple[str, date], Record]:
        """Return the records of the last month by peer and day."""
        since = (now.astimezone(UTC) - LATEST).date()
        query = select(RECONCILIATIONS).where(COLUMNS.day >= since)
        async with self._database.reading() as session:
            records = [_record(row) for row in await session.execute(query)]
        return {(record.peer, record.day): record for record in records}

    async def page(self, peer: str, before: tuple[date, str] | None, limit: int) -> list[Record]:
        """Return records, the newest day first; of one peer, if one is named."""
        query = select(RECONCILIATIONS).order_by(COLUMNS.day.desc(), COLUMNS.peer).limit(limit)
        if peer:
            query = query.where(COLUMNS.peer == peer)
        if before is not None:
            day, name = before
            query = query.where(
                (COLUMNS.day < day) | ((COLUMNS.day == day) & (COLUMNS.peer > name))
            )
        async with self._database.reading() as session:
            return [_record(row) for row in await session.execute(query)]


def _row(record: Record) -> dict[str, object]:
    return {
        "peer": record.peer,
        "day": record.day,
        "status": record.status,
        "checked_at": record.checked_at,
        "explanation": record.explanation,
        **_columns("our", record.ours),
        **_columns("their", record.theirs),
    }


def _columns(side: str, book: Book | None) -> dict[str, object]:
    totals = None if book is None else book.totals
    return {
        f"{side}_calls": None if totals is None else totals.calls,
        f"{side}_time": None if totals is None else totals.billed,
        f"{side}_amount": None if totals is None else totals.amount,
        f"{side}_currency": None if book is None else book.currency,
    }


def _record(row: Any) -> Record:
    ours = _book(row, "our")
    assert ours is not None
    return Record(
        row.peer,
        row.day,
        Status(row.status),
        row.checked_at,
        ours,
        _book(row, "their"),
        row.explanation,
    )


def _book(row: Any, side: str) -> Book | None:
    calls, billed, amount, currency = (
        getattr(row, f"{side}_{name}") for name in ("calls", "time", "amount", "currency")
    )
    if calls is None:
        return None
    return Book(Totals(calls, billed, amount), None if currency is None else Currency(currency))
