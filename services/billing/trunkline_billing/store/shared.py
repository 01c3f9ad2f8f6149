"""The journal on a PostgreSQL that several replicas of billing share.

Every transaction first locks and refreshes what its decisions look at: reservations by call, then
purses by account, each in order, so that two replicas never wait for each other in a circle. What
is booked is looked up after the locks, when the other replica has committed.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..accounts.purse import Purse
from ..charging.changes import Changes
from ..charging.till import Till
from .driver import Driver, NamedRows, driver_of
from .edits import Edit, edits_of, empty_purses
from .journal import Known, journal_errors
from .one_statement import one_statement
from .period_rows import decode_period
from .purse_rows import decode_purse
from .reservation_rows import decode_reservation
from .tables import PACKAGE_PERIODS, PURSES, RESERVATIONS, TRANSACTIONS

# One array, not a list of parameters: the statement is prepared once, however many are asked for.
NAMED: Final = any_(bindparam("names", type_=ARRAY(Text)))
KNOWN: Final = NamedRows(
    select(TRANSACTIONS.c.id, TRANSACTIONS.c.content).where(TRANSACTIONS.c.id == NAMED)
)
LOCK_CALLS: Final = NamedRows(
    select(RESERVATIONS)
    .where(RESERVATIONS.c.call_id == NAMED)
    .order_by(RESERVATIONS.c.call_id)
    .with_for_update()
)
LOCK_PURSES: Final = NamedRows(
    select(PURSES).where(PURSES.c.account == NAMED).order_by(PURSES.c.account).with_for_update()
)
LOCK_PERIODS: Final = NamedRows(
    select(PACKAGE_PERIODS)
    .where(PACKAGE_PERIODS.c.account == NAMED)
    .order_by(PACKAGE_PERIODS.c.order_name)
    .with_for_update()
)


FOR_ANY_ROWS: Final = "SET LOCAL plan_cache_mode TO force_generic_plan"
"""CDRs are changed by a plan for any rows: one for these would read a month of them whole."""


class SharedJournal:
    """The ledger in PostgreSQL."""

    shared = True

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: AsyncConnection | None = None

    async def close(self) -> None:
        """Give the connection back."""
        if self._kept is not None:
            await self._kept.close()
            self._kept = None

    async def load(self, till: Till) -> None:
        """Keep nothing in memory: it is read under lock whenever it is needed."""
        till.forget()

    @asynccontextmanager
    async def write(self) -> AsyncIterator["SharedWrite"]:
        """Open a transaction that commits when the block ends without an exception.

        One connection serves one transaction after another, and is not asked each time whether it
        lives. A failure costs it; the pool looks at the next one before it lends it.
        """
        with journal_errors():
            driver = await self._driver()
            try:
                async with driver.transaction():
                    yield SharedWrite(driver)
            except BaseException:
                await self._drop()
                raise

    async def expired(self, now: datetime) -> list[str]:
        """Return the calls whose lease ran out before `now`."""
        query = select(RESERVATIONS.c.call_id).where(RESERVATIONS.c.lease_until <= now)
        with journal_errors():
            async with self._engine.connect() as connection:
                return list(await connection.scalars(query))

    async def _driver(self) -> Driver:
        if self._kept is not None:
            driver = await driver_of(self._kept)
            if not driver.is_closed():
                return driver
            await self._drop()
        self._kept = await self._engine.connect()
        return await driver_of(self._kept)

    async def _drop(self) -> None:
        if self._kept is not None:
            await self._kept.invalidate()
        await self.close()


class SharedWrite:
    """One transaction of the shared journal."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._stored: set[str] = set()

    async def lock_calls(self, till: Till, calls: Collection[str]) -> None:
        """Lock and refresh the reservations of `calls`."""
        if not calls:
            return
        for call in calls:
            till.reservations.pop(call, None)
        for row in await LOCK_CALLS.of(self._driver, calls):
            held = decode_reservation(row)
            till.reservations[held.call_id] = held
            self._stored.add(held.call_id)

    async def lock_purses(self, till: Till, accounts: Collection[str]) -> None:
        """Lock and refresh the purses of `accounts`, making those that are missing, and the
        periods of their packages."""
        if not accounts:
            return
        found = await self._locked_purses(accounts)
        missing = set(accounts) - found.keys()
        if missing:
            await self._make(empty_purses(missing))
            found = await self._locked_purses(accounts)
        till.purses.update(found)
        if till.shelf.orders:
            await self._lock_periods(till, accounts)

    async def known(self, transactions: Collection[str]) -> Known:
        """Return those of `transactions` that are booked."""
        if not transactions:
            return {}
        return {row["id"]: row["content"] for row in await KNOWN.of(self._driver, transactions)}

    async def store(self, changes: Changes, till: Till) -> None:
        """Write everything that changed."""
        edits = edits_of(changes, till, self._stored)
        if changes.corrected:
            await self._driver.execute(FOR_ANY_ROWS)
        if edits:
            await self._make(edits, durable=bool(changes.posted))

    async def _lock_periods(self, till: Till, accounts: Collection[str]) -> None:
        for row in await LOCK_PERIODS.of(self._driver, accounts):
            period = decode_period(row)
            till.shelf.periods[period.order] = period

    async def _locked_purses(self, accounts: Collection[str]) -> dict[str, Purse]:
        rows = await LOCK_PURSES.of(self._driver, accounts)
        return {row["account"]: decode_purse(row) for row in rows}

    async def _make(self, edits: list[Edit], *, durable: bool = True) -> None:
        statement, arrays = one_statement(edits, durable=durable)
        await self._driver.fetch(statement, *arrays)
