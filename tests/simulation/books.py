"""Billing's books as they are on the disk, read past the service, and what must hold of them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

OPENING: Final = 1
PAYMENT: Final = 2
CALL: Final = 3
COST: Final = 4


@dataclass(frozen=True)
class StoredCdr:
    """One row of the CDRs, as far as the simulation looks at it."""

    call_id: str
    sip_call_id: str
    callee: str
    account: str
    setup: float
    answer: float | None
    end: float
    direction: int
    reason: int
    sip_status: int
    hold_seconds: int
    fee: Decimal
    cost: Decimal
    clearing_account: str
    shares: dict[str, Decimal]
    """What the payer and its agents were charged, by account."""
    recovered_by: str

    @property
    def talk(self) -> float:
        """Seconds from answer to end."""
        return 0.0 if self.answer is None else self.end - self.answer


@dataclass(frozen=True)
class Books:
    """Everything that is kept of money."""

    cdrs: list[StoredCdr]
    purses: dict[str, tuple[Decimal, Decimal, int]]
    """Balance, reserved and calls by account."""
    entries: list[tuple[str, str, Decimal, int]]
    """Transaction, book, amount and kind."""
    transactions: dict[str, tuple[int, str]]
    """Kind and reference by id."""
    reservations: list[str]


def read_books(path: Path) -> Books:
    """Read the whole ledger."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        books = Books(
            cdrs=[_cdr(row) for row in connection.execute("SELECT * FROM cdrs ORDER BY flow_no")],
            purses={
                row["account"]: (Decimal(row["balance"]), Decimal(row["reserved"]), row["calls"])
                for row in connection.execute("SELECT * FROM purses ORDER BY account")
            },
            entries=[
                (row["transaction_id"], row["book"], Decimal(row["amount"]), row["kind"])
                for row in connection.execute("SELECT * FROM entries ORDER BY id")
            ],
            transactions={
                row["id"]: (row["kind"], row["reference"])
                for row in connection.execute("SELECT * FROM transactions")
            },
            reservations=[
                row["call_id"] for row in connection.execute("SELECT call_id FROM reservations")
            ],
        )
    connection.close()
    return books


def check_books(books: Books) -> Iterator[str]:
    """Yield what is wrong: the ledger, the balances and the CDRs must be one, to the cent."""
    yield from _doubled(books)
    yield from _unbalanced(books)
    yield from _balances(books)
    yield from _charges(books)
    for call_id in books.reservations:
        yield f"call {call_id} still holds a reservation"
    for cdr in books.cdrs:
        if cdr.answer is None and (cdr.fee or cdr.cost or any(cdr.shares.values())):
            yield f"call {cdr.call_id} was never answered and is charged {cdr.fee}"


def _doubled(books: Books) -> Iterator[str]:
    for call_id, times in Counter(cdr.call_id for cdr in books.cdrs).items():
        if times > 1:
            yield f"call {call_id} has {times} CDRs"


def _unbalanced(books: Books) -> Iterator[str]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for transaction, _, amount, _ in books.entries:
        sums[transaction] += amount
    for transaction, total in sums.items():
        if total:
            yield f"transaction {transaction} sums to {total}"


def _balances(books: Books) -> Iterator[str]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, book, amount, _ in books.entries:
        sums[book] += amount
    for account, (balance, reserved, calls) in books.purses.items():
        if balance != sums[account]:
            yield f"account {account} has {balance}, and its ledger entries sum to {sums[account]}"
        if reserved or calls:
            yield f"account {account} still reserves {reserved} for {calls} calls"
    for book in sums:
        if ":" not in book and book not in books.purses:
            yield f"account {book} has ledger entries and no balance"


def _charges(books: Books) -> Iterator[str]:
    """Compare what CDRs say with what was booked, call by call."""
    booked: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for transaction, book, amount, kind in books.entries:
        if ":" not in book and kind in (CALL, COST):
            booked[books.transactions[transaction][1]][book] -= amount
    for cdr in books.cdrs:
        expected: defaultdict[str, Decimal] = defaultdict(Decimal)
        for account, fee in cdr.shares.items():
            expected[account] += fee
        if cdr.cost:
            expected[cdr.clearing_account] += cdr.cost
        found = {account: fee for account, fee in booked.pop(cdr.call_id, {}).items() if fee}
        if found != {account: fee for account, fee in expected.items() if fee}:
            yield f"call {cdr.call_id}: the CDR charges {dict(expected)}, the ledger {found}"
    for reference, fees in booked.items():
        yield f"call {reference} is charged {dict(fees)} and has no CDR"


def _cdr(row: sqlite3.Row) -> StoredCdr:
    shares = {row["account"]: _amount(row["fee"])} if row["fee"] is not None else {}
    for agent in json.loads(row["agents"]):
        shares[agent["account"]] = Decimal(agent["fee"])
    return StoredCdr(
        call_id=row["call_id"],
        sip_call_id=row["sip_call_id"],
        callee=row["callee"],
        account=row["account"],
        setup=_unix(row["setup_time"]),
        answer=None if row["answer_time"] is None else _unix(row["answer_time"]),
        end=_unix(row["end_time"]),
        direction=row["end_direction"],
        reason=row["end_reason"],
        sip_status=row["sip_status"],
        hold_seconds=row["hold_time"],
        fee=_amount(row["fee"]),
        cost=_amount(row["cost"]),
        clearing_account=row["clearing_account"],
        shares=shares,
        recovered_by=row["recovered_by"],
    )


def _amount(value: Any) -> Decimal:
    return Decimal(0) if value is None else Decimal(value)


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
