"""Where the cashier writes and what it reads back: one interface, two databases.

`embedded` has its SQLite file to itself, `shared` stands beside other replicas on PostgreSQL.
"""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from ..charging.till import Changes, Till

Known = dict[str, str | None]
"""Booked transactions by id, with the content of their request."""


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
