"""The journal in a SQLite file of one's own.

Works on one connection in one thread, so that a batch costs two hops between threads instead of
two for every statement. Nobody else writes here: what is booked is checked before the transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, select
from sqlalchemy.pool import StaticPool

from ..charging.changes import Changes
from ..charging.till import Till
from .edits import edits_of, empty_purses
from .journal import Known, journal_errors
from .period_rows import decode_period
from .purse_rows import decode_purse
from .reservation_rows import decode_reservation
from .row_statements import RowStatement, row_statement
from .tables import PACKAGE_PERIODS, PURSES, RESERVATIONS, TRANSACTIONS

Answer = TypeVar("Answer")
BUSY_TIMEOUT_MS = 5000


class EmbeddedJournal:
    """The ledger in a SQLite file."""

    shared = False

    def __init__(self, url: URL, executor: Executor | None = None) -> None:
        """`executor` runs what blocks; one thread unless the simulation brings its own."""
        self._engine = _open(url)
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._purses: set[str] = set()

    async def close(self) -> None:
        """Close the file."""
        await self._run(self._engine.dispose)
        self._executor.shutdown()

    async def load(self, till: Till) -> None:
        """Fill the till from the file."""
        purses, reservations, periods = await self._run(self._read_all)
        till.purses = {row.account: decode_purse(row._asdict()) for row in purses}
        held = (decode_reservation(row._asdict()) for row in reservations)
        till.reservations = {one.call_id: one for one in held}
        till.shelf.periods = {row.order_name: decode_period(row._asdict()) for row in periods}
        self._purses = set(till.purses)

    @asynccontextmanager
    async def write(self) -> AsyncIterator["EmbeddedJournal"]:
        """The transaction itself is `store`."""
        yield self

    async def lock_calls(self, till: Till, calls: Collection[str]) -> None:
        """Nobody else holds them."""

    async def lock_purses(self, till: Till, accounts: Collection[str]) -> None:
        """Nobody else holds them."""

    async def known(self, transactions: Collection[str]) -> Known:
        """Return those of `transactions` that are booked."""
        return await self._run(partial(self._known, list(transactions))) if transactions else {}

    async def store(self, changes: Changes, till: Till) -> None:
        """Write and commit everything that changed."""
        missing = changes.purses - self._purses
        edits = empty_purses(missing) + edits_of(changes, till)
        await self._run(partial(self._store, [row_statement(edit) for edit in edits]))
        self._purses |= missing

    async def expired(self, now: datetime) -> list[str]:
        """Return the calls whose lease ran out before `now`."""
        query = select(RESERVATIONS.c.call_id).where(RESERVATIONS.c.lease_until <= now)
        return await self._run(partial(self._names, query))

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        with journal_errors():
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _read_all(self) -> list[list[Any]]:
        with self._engine.begin() as connection:
            return [
                list(connection.execute(select(table)).all())
                for table in (PURSES, RESERVATIONS, PACKAGE_PERIODS)
            ]

    def _known(self, transactions: list[str]) -> Known:
        query = select(TRANSACTIONS.c.id, TRANSACTIONS.c.content).where(
            TRANSACTIONS.c.id.in_(transactions)
        )
        with self._engine.begin() as connection:
            return {row.id: row.content for row in connection.execute(query)}

    def _names(self, query: Any) -> list[str]:
        with self._engine.begin() as connection:
            return list(connection.scalars(query))

    def _store(self, statements: list[RowStatement]) -> None:
        with self._engine.begin() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            for text, rows in statements:
                driver.executemany(text, rows)


def _open(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite"),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
