"""What a till changed, as edits of tables: the same for both databases."""

from collections.abc import Collection, Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from sqlalchemy import Table

from ..accounts.purse import Purse
from ..cdrs.cdr import Cdr
from ..cdrs.fields import epoch_ms
from ..charging.changes import Changes, Posted
from ..charging.reservation import Reservation
from ..charging.till import Till
from ..ledger.payments import MoneyChange
from .cdr_rows import CHARGE_COLUMNS, encode_cdr
from .notice_rows import MONEY, notice_row
from .period_rows import encode_period
from .purse_rows import encode_purse
from .reservation_rows import encode_reservation
from .tables import (
    CDRS,
    DELIVERIES,
    ENTRIES,
    NOTICES,
    PACKAGE_PERIODS,
    PURSES,
    RESERVATIONS,
    TRANSACTIONS,
)

Row = dict[str, object]


class Verb(Enum):
    """What an edit does with its rows."""

    ADD = auto()
    """Insert them; one that exists is an error."""
    ADD_MISSING = auto()
    """Insert those that do not exist."""
    PUT = auto()
    """Insert them, or change all but the key of those that exist."""
    CHANGE = auto()
    """Change all but the key; one that does not exist is passed over."""
    DROP = auto()
    """Delete those with these keys."""


class Shape(NamedTuple):
    """What the statement of an edit depends on."""

    verb: Verb
    table: Table
    key: tuple[str, ...]
    """Columns that find the row; of every verb but ADD."""
    columns: tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are no key."""
        return tuple(column for column in self.columns if column not in self.key)


class Edit:
    """Rows of one table, which all have the same columns, and what to do with them."""

    def __init__(self, verb: Verb, table: Table, rows: list[Row], *key: str) -> None:
        self.rows = rows
        self.shape = Shape(verb, table, key, tuple(rows[0]) if rows else ())


def edits_of(changes: Changes, till: Till, stored: Collection[str] | None = None) -> list[Edit]:
    """Return what writes `changes`, with the rows of this moment.

    `stored` are the calls known to have a reservation in the database: one that another replica
    made meanwhile is an error then, not changed. None: nobody else writes.
    """
    kept = [held for held in changes.reservations.values() if held is not None]
    ended = [call for call, held in changes.reservations.items() if held is None]
    known = [held for held in kept if stored is None or held.call_id in stored]
    new = [held for held in kept if stored is not None and held.call_id not in stored]
    edits = [
        Edit(Verb.ADD, TRANSACTIONS, [_transaction_row(one) for one in changes.posted]),
        Edit(Verb.ADD, ENTRIES, _entry_rows(changes.posted)),
        Edit(Verb.ADD, CDRS, [encode_cdr(cdr) for cdr in changes.cdrs]),
        Edit(
            Verb.CHANGE,
            CDRS,
            [_charge_row(cdr) for cdr in changes.corrected],
            "call_id",
            "end_time",
        ),
        Edit(Verb.ADD, DELIVERIES, [_delivery_row(*owed) for owed in changes.deliveries]),
        Edit(Verb.ADD, NOTICES, [_money_notice(one) for one in changes.money_changes]),
        Edit(Verb.ADD, RESERVATIONS, _reservation_rows(new)),
        Edit(Verb.PUT, RESERVATIONS, _reservation_rows(known), "call_id"),
        Edit(Verb.DROP, RESERVATIONS, [{"call_id": call} for call in ended], "call_id"),
        Edit(
            Verb.PUT,
            PACKAGE_PERIODS,
            [encode_period(one) for one in changes.periods.values()],
            "order_name",
        ),
        Edit(
            Verb.CHANGE,
            PURSES,
            [encode_purse(name, till.purse(name)) for name in sorted(changes.purses)],
            "account",
        ),
    ]
    return [edit for edit in edits if edit.rows]


def empty_purses(accounts: Iterable[str]) -> list[Edit]:
    """Return what makes an empty purse for each of `accounts` that has none."""
    rows = [encode_purse(account, Purse()) for account in sorted(accounts)]
    return [Edit(Verb.ADD_MISSING, PURSES, rows, "account")] if rows else []


def _transaction_row(posted: Posted) -> Row:
    transaction = posted.transaction
    return {
        "id": transaction.id,
        "kind": transaction.kind,
        "reference": transaction.reference,
        "time": transaction.time,
        "cdr_time": transaction.cdr_time,
        "content": transaction.content,
        "memo": transaction.memo,
        "payment_type": transaction.payment_type,
    }


def _entry_rows(posted: Iterable[Posted]) -> list[Row]:
    return [row for one in posted for row in _rows_of_entries(one.transaction.id, one)]


def _rows_of_entries(transaction_id: str, posted: Posted) -> Iterator[Row]:
    time = posted.transaction.time
    for entry, balance in zip(posted.transaction.entries, posted.balances, strict=True):
        yield {
            "transaction_id": transaction_id,
            "book": entry.book,
            "amount": entry.amount,
            "currency": entry.currency,
            "balance": balance,
            "kind": entry.kind,
            "time": time,
        }


def _reservation_rows(reservations: Iterable[Reservation]) -> list[Row]:
    return [encode_reservation(held) for held in reservations]


def _charge_row(cdr: Cdr) -> Row:
    row = encode_cdr(cdr)
    return {column: row[column] for column in ("call_id", "end_time", *CHARGE_COLUMNS)}


def _delivery_row(output: str, cdr: Cdr) -> Row:
    return {
        "output": output,
        "account": cdr.call.account,
        "call_id": cdr.call.call_id,
        "end_time": cdr.call.end_time,
        "attempts": 0,
        "first_at": cdr.settled_at,
        "due_at": cdr.settled_at,
    }


def _money_notice(change: MoneyChange) -> Row:
    body = {
        "account": change.account,
        "change": format(change.change, "f"),
        "money": format(change.balance, "f"),
        "currency": change.currency,
        "requestId": change.payment.request_id,
        "memo": change.payment.memo,
        "time": epoch_ms(change.time),
    }
    return notice_row(change.account, MONEY, body, change.time)
