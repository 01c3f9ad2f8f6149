"""What outputs still owe: rows written with their cause, deleted when they are delivered.

Every account has its own order: what failed holds up what is behind it of the same account.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Select, Table, and_, delete, func, select, true, update
from trunkline_kernel.database import Database

from .cdr_rows import StoredCdr, decode_cdr
from .notice_rows import KEPT
from .tables import CDRS, DELIVERIES, NOTICES
from .turns import turn

ContentT = TypeVar("ContentT")

COUNTED: Final = 100_000
"""What is owed is counted up to here: the rest is as many times as bad."""
EXPIRED_AT_ONCE: Final = 5000


@dataclass(frozen=True, slots=True)
class Owed(Generic[ContentT]):
    """One thing that is to be delivered."""

    id: int
    account: str
    attempts: int
    first_at: datetime
    content: ContentT


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told to the outside (MGT-14): the end of the URL, and the JSON."""

    path: str
    body: str


class Queue(Protocol[ContentT]):
    """What one output owes."""

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Keep other replicas from this output for the block; yield whether it is our turn."""

    async def due_accounts(self, now: datetime, limit: int) -> list[str]:
        """Return the accounts whose oldest item is due: those behind it wait for it."""

    async def owed(self, limit: int, account: str | None = None) -> list[Owed[ContentT]]:
        """Return the oldest items, of one account if one is named."""

    async def done(self, ids: Iterable[int]) -> None:
        """Forget items that were delivered, or given up."""

    async def postpone(self, id: int, attempts: int, due_at: datetime) -> None:
        """Try an item again later."""

    async def expire(self, before: datetime) -> int:
        """Forget some of what is owed since before then; return how many items."""


class _StoredQueue(Generic[ContentT]):
    """A queue in a table with the columns id, account, attempts, first_at and due_at."""

    def __init__(self, database: Database, table: Table, name: str) -> None:
        self._database = database
        self._table = table
        self._name = name
        self._ours: ColumnElement[bool] = true()

    def turn(self) -> AbstractAsyncContextManager[bool]:
        return turn(self._database, f"output {self._name}")

    async def due_accounts(self, now: datetime, limit: int) -> list[str]:
        columns = self._table.c
        query = (
            select(columns.account)
            .where(columns.id.in_(self._oldest()), columns.due_at <= now)
            .order_by(columns.due_at)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(query))

    async def owed(self, limit: int, account: str | None = None) -> list[Owed[ContentT]]:
        query = self._select().where(self._ours).order_by(self._table.c.id).limit(limit)
        if account is not None:
            query = query.where(self._table.c.account == account)
        async with self._database.reading() as session:
            rows = [row._asdict() for row in await session.execute(query)]
        return [
            Owed(
                row["owed_id"],
                row["owed_by"],
                row["attempts"],
                row["first_at"],
                self._content(row),
            )
            for row in rows
        ]

    async def count(self) -> int:
        """Return how many items are owed, at most `COUNTED`."""
        some = select(self._table.c.id).where(self._ours).limit(COUNTED).subquery()
        query = select(func.count()).select_from(some)
        async with self._database.reading() as session:
            return int(await session.scalar(query) or 0)

    async def done(self, ids: Iterable[int]) -> None:
        async with self._database.session() as session:
            await session.execute(delete(self._table).where(self._table.c.id.in_(list(ids))))

    async def postpone(self, id: int, attempts: int, due_at: datetime) -> None:
        change = update(self._table).where(self._table.c.id == id)
        async with self._database.session() as session:
            await session.execute(change.values(attempts=attempts, due_at=due_at))

    async def expire(self, before: datetime) -> int:
        old = select(self._table.c.id).where(self._ours, self._table.c.first_at < before)
        async with self._database.session() as session:
            ids = list(await session.scalars(old.limit(EXPIRED_AT_ONCE)))
            await session.execute(delete(self._table).where(self._table.c.id.in_(ids)))
        return len(ids)

    def _oldest(self) -> Select[Any]:
        """Return the id of each account's oldest item: one step of an index for each account.

        A GROUP BY would read all of what may be millions of items.
        """
        columns = self._table.c
        first = select(func.min(columns.account).label("account")).where(self._ours)
        accounts = first.cte("accounts", recursive=True)
        following = select(func.min(columns.account)).where(
            self._ours, columns.account > accounts.c.account
        )
        accounts = accounts.union_all(
            select(following.scalar_subquery()).where(accounts.c.account.is_not(None))
        )
        oldest = select(func.min(columns.id)).where(
            self._ours, columns.account == accounts.c.account
        )
        return select(oldest.scalar_subquery()).where(accounts.c.account.is_not(None))

    def _columns(self) -> list[ColumnElement[Any]]:
        columns = self._table.c
        return [
            columns.id.label("owed_id"),
            columns.account.label("owed_by"),
            columns.attempts,
            columns.first_at,
        ]

    def _select(self) -> Select[Any]:
        raise NotImplementedError

    def _content(self, row: dict[str, Any]) -> ContentT:
        raise NotImplementedError


class CdrQueue(_StoredQueue[StoredCdr]):
    """CDRs that one output owes (BIL-11, BIL-12)."""

    def __init__(self, database: Database, output: str) -> None:
        super().__init__(database, DELIVERIES, output)
        self._ours = DELIVERIES.c.output == output

    def _select(self) -> Select[Any]:
        joined = and_(
            CDRS.c.call_id == DELIVERIES.c.call_id, CDRS.c.end_time == DELIVERIES.c.end_time
        )
        return select(CDRS, *self._columns()).join(DELIVERIES, joined)

    def _content(self, row: dict[str, Any]) -> StoredCdr:
        return decode_cdr(row)


class NoticeQueue(_StoredQueue[Notice]):
    """Notices that are owed to OUT_POST_URL (MGT-14)."""

    def __init__(self, database: Database, *, kept: bool) -> None:
        """`kept` is for money and alarms, the rest passes: neither waits for the other."""
        super().__init__(database, NOTICES, "notices" if kept else "passing notices")
        self._ours = NOTICES.c.path.in_(KEPT) if kept else NOTICES.c.path.not_in(KEPT)

    def _select(self) -> Select[Any]:
        return select(NOTICES.c.path, NOTICES.c.body, *self._columns())

    def _content(self, row: dict[str, Any]) -> Notice:
        return Notice(row["path"], row["body"])
