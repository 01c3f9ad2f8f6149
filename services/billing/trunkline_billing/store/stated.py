"""Reads calls as our book of one account has them: only what a comparison needs (BIL-14)."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, select
from trunkline_kernel.database import Database

from ..money import Currency
from ..reconciliation.peer import Direction
from ..reports.reconciliation import StatedCall
from .tables import CDRS

CHUNK: Final = 1000


class StatedCalls:
    """The answered and charged calls of accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def parts(
        self, account: str, direction: Direction, begin: datetime, end: datetime
    ) -> AsyncIterator[tuple[list[StatedCall], Currency]]:
        """Yield the calls that ended from `begin` until before `end`, in parts with their currency.

        An account keeps one currency for good, so every part has the same.
        """
        query = _costs(account) if direction is Direction.OUTGOING else _charges(account)
        within = query.where(
            CDRS.c.end_time >= begin, CDRS.c.end_time < end, CDRS.c.answer_time.is_not(None)
        )
        ordered = within.order_by(CDRS.c.end_time, CDRS.c.flow_no)
        async with self._database.reading() as session:
            found = await session.stream(ordered.execution_options(yield_per=CHUNK))
            async for rows in found.partitions():
                yield [_call(row) for row in rows], Currency(rows[0].currency)


def _costs(account: str) -> Select[Any]:
    """Return calls to a vendor: numbers as it got them."""
    return _select(
        CDRS.c.caller_to_gateway,
        CDRS.c.callee_to_gateway,
        CDRS.c.cost_time,
        CDRS.c.cost,
        CDRS.c.cost_currency,
    ).where(CDRS.c.clearing_account == account, CDRS.c.cost.is_not(None))


def _charges(account: str) -> Select[Any]:
    """Return calls of a customer: numbers as they came in."""
    return _select(
        CDRS.c.caller_access, CDRS.c.callee_access, CDRS.c.fee_time, CDRS.c.fee, CDRS.c.currency
    ).where(CDRS.c.account == account, CDRS.c.fee.is_not(None))


def _select(caller: Any, callee: Any, billed: Any, amount: Any, currency: Any) -> Select[Any]:
    return select(
        caller.label("from_number"),
        callee.label("to_number"),
        CDRS.c.caller,
        CDRS.c.callee,
        CDRS.c.answer_time,
        billed.label("billed"),
        amount.label("amount"),
        currency.label("currency"),
        CDRS.c.call_id,
    )


def _call(row: Any) -> StatedCall:
    return StatedCall(
        caller=row.from_number or row.caller,
        callee=row.to_number or row.callee,
        start=row.answer_time,
        billed=row.billed,
        amount=row.amount,
        reference=row.call_id,
    )
