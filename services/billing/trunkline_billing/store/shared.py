"""The journal on a PostgreSQL that several replicas of billing share.

Every transaction first locks and refreshes what its decisions look at: reservations by call, then
purses by account, each in order, so that two replicas never wait for each other in a circle. What
is booked is looked up after the locks, when the other replica has committed.
"""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, Text, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..accounts.purse import Purse
from ..charging.till import Changes, Till
from .journal import Known
from .period_rows import decode_period
from .reservation_rows import decode_reservation
from .statements import Statement, Statements, decode_purse
from .tables import PACKAGE_PERIODS, PURSES, RESERVATIONS, TRANSACTIONS

# Leases may be lost with the database server; they need not wait for its disk.
UNHURRIED = text("SET LOCAL synchronous_commit TO OFF")

# One array, not a list of parameters: the statement is prepared once, however many are asked for.
NAMED: Final = any_(bindparam("names", type_=ARRAY(Text)))
KNOWN: Final = select(TRANSACTIONS.c.id, TRANSACTIONS.c.content).where(TRANSACTIONS.c.id == NAMED)
LOCK_CALLS: Final = (
    select(RESERVATIONS)
    .where(RESERVATIONS.c.call_id == NAMED)
    .order_by(RESERVATIONS.c.call_id)
    .with_for_update()
)
LOCK_PURSES: Final = (
    select(PURSES).where(PURSES.c.account == NAMED).order_by(PURSES.c.account).with_for_update()
)
LOCK_PERIODS: Final = (
    select(PACKAGE_PERIODS)
    .where(PACKAGE_PERIODS.c.account == NAMED)
    .order_by(PACKAGE_PERIODS.c.order_name)
    .with_for_update()
)


class SharedJournal:
    """The ledger in PostgreSQL."""

    shared = True

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._statements = Statements("postgresql")

    async def load(self, till: Till) -> None:
        """Keep nothing in memory: it is read under lock whenever it is needed."""
        till.forget()

    @asynccontextmanager
    async def write(self) -> AsyncIterator["SharedWrite"]:
        """Open a transaction that commits when the block ends without an exception."""
        async with self._engine.begin() as connection:
            yield SharedWrite(connection, self._statements)

    async def expired(self, now: datetime) -> list[str]:
        """Return the calls whose lease ran out before `now`."""
        query = select(RESERVATIONS.c.call_id).where(RESERVATIONS.c.lease_until <= now)
        async with self._engine.connect() as connection:
            return list(await connection.scalars(query))


class SharedWrite:
    """One transaction of the shared journal."""

    def __init__(self, connection: AsyncConnection, statements: Statements) -> None:
        self._connection = connection
        self._statements = statements

    async def lock_calls(self, till: Till, calls: Collection[str]) -> None:
        """Lock and refresh the reservations of `calls`."""
        if not calls:
            return
        for call in calls:
            till.reservations.pop(call, None)
        for row in await self._rows(LOCK_CALLS, calls):
            till.reservations[row.call_id] = decode_reservation(row._asdict())

    async def lock_purses(self, till: Till, accounts: Collection[str]) -> None:
        """Lock and refresh the purses of `accounts`, making those that are missing, and the
        periods of their packages."""
        if not accounts:
            return
        found = await self._locked_purses(accounts)
        missing = set(accounts) - found.keys()
        if missing:
            await self._execute(self._statements.add_purses(missing))
            found = await self._locked_purses(accounts)
        till.purses.update(found)
        if till.shelf.orders:
            await self._lock_periods(till, accounts)

    async def known(self, transactions: Collection[str]) -> Known:
        """Return those of `transactions` that are booked."""
        if not transactions:
            return {}
        return {row.id: row.content for row in await self._rows(KNOWN, transactions)}

    async def store(self, changes: Changes, till: Till) -> None:
        """Write everything that changed."""
        statements = self._statements.store(changes, till)
        if not changes.posted:
            await self._connection.execute(UNHURRIED)
        await self._execute(statements)

    async def _lock_periods(self, till: Till, accounts: Collection[str]) -> None:
        rows = await self._rows(LOCK_PERIODS, accounts)
        till.shelf.periods.update({row.order_name: decode_period(row) for row in rows})

    async def _locked_purses(self, accounts: Collection[str]) -> dict[str, Purse]:
        return {row.account: decode_purse(row) for row in await self._rows(LOCK_PURSES, accounts)}

    async def _rows(self, query: Select[Any], names: Collection[str]) -> list[Row[Any]]:
        found = await self._connection.execute(query, {"names": list(names)})
        return list(found)

    async def _execute(self, statements: Iterable[Statement]) -> None:
        for statement, rows in statements:
            await self._connection.execute(statement, rows)
