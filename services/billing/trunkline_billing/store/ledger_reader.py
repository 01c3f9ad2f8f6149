"""Reads the ledger: a book's entries a page at a time, an account's purse, and the whole's sum."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from trunkline_kernel.database import Database

from ..accounts.purse import Purse
from ..ledger.transactions import EntryKind, PaymentType, transaction_id
from ..money import Currency
from .purse_rows import decode_purse
from .tables import ENTRIES, PURSES, TRANSACTIONS


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """An entry as it stands in the ledger."""

    id: int
    transaction_id: str
    book: str
    amount: Decimal
    currency: Currency
    balance: Decimal | None
    kind: EntryKind
    reference: str
    time: datetime
    memo: str
    payment_type: PaymentType | None


class LedgerReader:
    """The stored ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, book: str, before: int | None, limit: int) -> list[BookedEntry]:
        """Return entries of a book, newest first, older than the entry with id `before`."""
        query = (
            select(
                ENTRIES, TRANSACTIONS.c.reference, TRANSACTIONS.c.memo, TRANSACTIONS.c.payment_type
            )
            .join(TRANSACTIONS, TRANSACTIONS.c.id == ENTRIES.c.transaction_id)
            .where(ENTRIES.c.book == book)
            .order_by(ENTRIES.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(ENTRIES.c.id < before)
        async with self._database.reading() as session:
            return [_entry(row._asdict()) for row in await session.execute(query)]

    async def purse(self, account: str) -> Purse:
        """Return the purse of an account, empty when nothing was booked."""
        async with self._database.reading() as session:
            row = (await session.execute(select(PURSES).where(PURSES.c.account == account))).first()
        return Purse() if row is None else decode_purse(row._asdict())

    async def corrections(self, call_id: str) -> int:
        """Return how often a call was charged anew."""
        id = TRANSACTIONS.c.id
        first, beyond = (transaction_id(EntryKind.CORRECTION, call_id + end) for end in "#$")
        query = select(func.count()).where(id >= first, id < beyond)  # "$" is next to "#"
        async with self._database.reading() as session:
            return await session.scalar(query) or 0

    async def corrected(self, call_ids: Iterable[str]) -> set[str]:
        """Return those of some calls that were charged anew before."""
        first = {transaction_id(EntryKind.CORRECTION, f"{call}#1"): call for call in call_ids}
        query = select(TRANSACTIONS.c.id).where(TRANSACTIONS.c.id.in_(first))
        async with self._database.reading() as session:
            return {first[id] for id in await session.scalars(query)}

    async def balance_after(self, transaction: str, account: str) -> Decimal | None:
        """Return an account's balance after a transaction, None when it does not touch it."""
        query = select(ENTRIES.c.balance).where(
            ENTRIES.c.transaction_id == transaction, ENTRIES.c.book == account
        )
        async with self._database.reading() as session:
            balance: Decimal | None = await session.scalar(query)
        return balance


def _entry(row: dict[str, Any]) -> BookedEntry:
    paid = row["payment_type"]
    types = {
        "kind": EntryKind(row["kind"]),
        "payment_type": None if paid is None else PaymentType(paid),
    }
    return BookedEntry(**{**row, **types})
