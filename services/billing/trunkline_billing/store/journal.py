"""Where the cashier writes and what it reads back: one interface, two databases.

`embedded` has its SQLite file to itself, `shared` stands beside other replicas on PostgreSQL. Both
raise what their drivers say as one of the three errors here.
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from typing import Final, Protocol

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from ..charging.changes import Changes
from ..charging.till import Till

Known = dict[str, str | None]
"""Booked transactions by id, with the content of their request."""


AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    InterfaceError,
    OperationalError,
    sqlite3.InterfaceError,
    sqlite3.OperationalError,
)
"""What drivers raise when there is no database, or no room in it."""
TAKEN: Final = (
    IntegrityError,
    asyncpg.exceptions.IntegrityConstraintViolationError,
    sqlite3.IntegrityError,
)


class JournalError(Exception):
    """The database did not do what it was asked; nothing is written."""


class Away(JournalError):
    """The database could not be asked, or is full."""


class NotStored(JournalError):
    """The database refuses what it was asked to store."""


class Taken(NotStored):
    """It exists: another replica was faster."""


@contextmanager
def journal_errors() -> Iterator[None]:
    """Raise what a driver says as `Away`, `NotStored` or `Taken`."""
    try:
        yield
    except (*AWAY, DBAPIError, asyncpg.PostgresError, sqlite3.Error) as error:
        raise _kind(error)(_plain(error)) from error


def _kind(error: Exception) -> type[JournalError]:
    if isinstance(error, TAKEN):
        return Taken
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return Away if lost or isinstance(error, AWAY) else NotStored


def _plain(error: Exception) -> str:
    """Return what the database said, without the statement and the numbers in it."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(said).partition("\n")[0] or type(error).__name__


class Write(Protocol):
    """One transaction: look, decide, store. Committed when its block ends."""

    async def lock_calls(self, till: Till, calls: Collection[str]) -> None:
        """Lock and refresh the reservations of `calls`."""

    async def lock_purses(self, till: Till, accounts: Collection[str]) -> None:
        """Lock and refresh the purses of `accounts` and the periods of their packages."""

    async def known(self, transactions: Collection[str]) -> Known:
        """Return those of `transactions` that are booked."""

    async def store(self, changes: Changes, till: Till) -> None:
        """Write everything that changed. Takes the rows before it first waits."""


class Journal(Protocol):
    """The ledger's database."""

    @property
    def shared(self) -> bool:
        """Whether others write to it too, so that memory is not the truth."""

    async def load(self, till: Till) -> None:
        """Fill the till's purses and reservations from the database, forgetting the old ones."""

    def write(self) -> AbstractAsyncContextManager[Write]:
        """Open a transaction."""

    async def expired(self, now: datetime) -> list[str]:
        """Return the calls whose lease ran out before `now`."""
