"""What a till changed, as statements with their rows: the same for both databases."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Executable, Table, delete, insert, update
from sqlalchemy import bindparam as bind
from sqlalchemy.dialects import postgresql, sqlite

from ..accounts.purse import Purse
from ..cdrs.cdr import Cdr
from ..cdrs.fields import epoch_ms
from ..charging.till import Changes, Posted, Till
from ..ledger.payments import MoneyChange
from .cdr_rows import CHARGE_COLUMNS, encode_cdr
from .notice_rows import MONEY, notice_row
from .period_rows import encode_period
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

Rows = list[dict[str, object]]
Statement = tuple[Executable, Rows]

PURSE_COLUMNS: Final = (
    "balance",
    "reserved",
    "calls",
    "spent_since",
    "spent_hour",
    "spent_day",
    "hour_calls",
    "hour_expensive",
    "hour_time",
    "hour_value",
    "usual_price",
)
PUT_TRANSACTION: Final = insert(TRANSACTIONS)
PUT_ENTRY: Final = insert(ENTRIES)
PUT_CDR: Final = insert(CDRS)
CHANGE_CDR: Final = (
    update(CDRS)
    .where(CDRS.c.call_id == bind("of"), CDRS.c.end_time == bind("at"))
    .values({column: bind(column) for column in CHARGE_COLUMNS})
)
PUT_DELIVERY: Final = insert(DELIVERIES)
PUT_NOTICE: Final = insert(NOTICES)
UPDATE_PURSE: Final = (
    update(PURSES)
    .where(PURSES.c.account == bind("of"))
    .values({column: bind(column) for column in PURSE_COLUMNS})
)
DROP_RESERVATION: Final = delete(RESERVATIONS).where(RESERVATIONS.c.call_id == bind("of"))


class Statements:
    """Makes the statements of one dialect."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._put_purse = self._insert(PURSES).on_conflict_do_nothing()
        self._put_reservation = self._upsert(RESERVATIONS, "lease_until", "progress")
        self._put_period = self._upsert(
            PACKAGE_PERIODS, "begin_at", "end_at", "left_seconds", "consumed", "current"
        )

    def store(self, changes: Changes, till: Till) -> list[Statement]:
        """Return what writes `changes`. The rows are those of this moment."""
        kept = [held for held in changes.reservations.values() if held is not None]
        ended = [call for call, held in changes.reservations.items() if held is None]
        statements: list[Statement] = [
            (PUT_TRANSACTION, _transaction_rows(changes.posted)),
            (PUT_ENTRY, _entry_rows(changes.posted)),
            (PUT_CDR, [encode_cdr(cdr) for cdr in changes.cdrs]),
            (CHANGE_CDR, [_changed_cdr(cdr) for cdr in changes.corrected]),
            (PUT_DELIVERY, [_delivery_row(output, cdr) for output, cdr in changes.deliveries]),
            (PUT_NOTICE, [_money_notice(one) for one in changes.money_changes]),
            (self._put_reservation, [encode_reservation(one) for one in kept]),
            (self._put_period, [encode_period(one) for one in changes.periods.values()]),
            (DROP_RESERVATION, [{"of": call} for call in ended]),
            (UPDATE_PURSE, _purse_rows(sorted(changes.purses), till)),
        ]
        return [statement for statement in statements if statement[1]]

    def add_purses(self, accounts: Iterable[str]) -> list[Statement]:
        """Return what makes an empty purse for each of `accounts` that has none."""
        rows: Rows = [{"account": account, **_purse_row(Purse())} for account in sorted(accounts)]
        return [(self._put_purse, rows)] if rows else []

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        return sqlite.insert(table) if self._dialect == "sqlite" else postgresql.insert(table)

    def _upsert(self, table: Table, *columns: str) -> Executable:
        """Return what inserts a row, or changes `columns` of the one with its key."""
        statement = self._insert(table)
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={column: statement.excluded[column] for column in columns},
        )


def decode_purse(row: Any) -> Purse:
    """Return the purse of a row."""
    return Purse(**{column: getattr(row, column) for column in PURSE_COLUMNS})


def _transaction_rows(posted: Iterable[Posted]) -> Rows:
    return [
        {
            "id": one.transaction.id,
            "kind": one.transaction.kind,
            "reference": one.transaction.reference,
            "time": one.transaction.time,
            "cdr_time": one.transaction.cdr_time,
            "content": one.transaction.content,
            "memo": one.transaction.memo,
            "payment_type": one.transaction.payment_type,
        }
        for one in posted
    ]


def _entry_rows(posted: Iterable[Posted]) -> Rows:
    return [
        {
            "transaction_id": one.transaction.id,
            "book": entry.book,
            "amount": entry.amount,
            "currency": entry.currency,
            "balance": balance,
            "kind": entry.kind,
            "time": one.transaction.time,
        }
        for one in posted
        for entry, balance in zip(one.transaction.entries, one.balances, strict=True)
    ]


def _changed_cdr(cdr: Cdr) -> dict[str, object]:
    row = encode_cdr(cdr)
    changed = {column: row[column] for column in CHARGE_COLUMNS}
    return {"of": cdr.call.call_id, "at": cdr.call.end_time, **changed}


def _delivery_row(output: str, cdr: Cdr) -> dict[str, object]:
    return {
        "output": output,
        "account": cdr.call.account,
        "call_id": cdr.call.call_id,
        "end_time": cdr.call.end_time,
        "attempts": 0,
        "first_at": cdr.settled_at,
        "due_at": cdr.settled_at,
    }


def _money_notice(change: MoneyChange) -> dict[str, object]:
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


def _purse_rows(accounts: Iterable[str], till: Till) -> Rows:
    return [{"of": name, **_purse_row(till.purse(name))} for name in accounts]


def _purse_row(purse: Purse) -> dict[str, object]:
    return {column: getattr(purse, column) for column in PURSE_COLUMNS}
