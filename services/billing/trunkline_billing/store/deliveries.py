"""CDRs that outputs still have to deliver: rows written with the CDR, deleted when delivered."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, select, update
from trunkline_kernel.database import Database

from .cdr_rows import StoredCdr, decode_cdr
from .tables import CDRS, DELIVERIES

TURNS: Final = {"file": 7_286_351_101, "push": 7_286_351_102}
"""PostgreSQL advisory locks of the outputs. Any numbers will do."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One CDR that one output owes."""

    id: int
    account: str
    attempts: int
    first_at: datetime
    stored: StoredCdr


class Deliveries:
    """What outputs owe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def turn(self, output: str) -> AsyncIterator[bool]:
        """Keep other replicas from an output for the block; yield whether it is our turn."""
        if self._database.is_sqlite:
            yield True
            return
        lock = select(func.pg_try_advisory_xact_lock(TURNS[output]))
        async with self._database.session() as session:
            yield bool(await session.scalar(lock))

    async def owed(self, output: str, limit: int, account: str | None = None) -> list[Delivery]:
        """Return the oldest deliveries of an output, of one account if one is named."""
        joined = and_(
            CDRS.c.call_id == DELIVERIES.c.call_id, CDRS.c.end_time == DELIVERIES.c.end_time
        )
        query = (
            select(
                CDRS,
                DELIVERIES.c.id.label("delivery_id"),
                DELIVERIES.c.attempts,
                DELIVERIES.c.first_at,
            )
            .join(CDRS, joined)
            .where(DELIVERIES.c.output == output)
            .order_by(DELIVERIES.c.id)
            .limit(limit)
        )
        if account is not None:
            query = query.where(DELIVERIES.c.account == account)
        async with self._database.reading() as session:
            return [_delivery(row._asdict()) for row in await session.execute(query)]

    async def due_accounts(self, output: str, now: datetime, limit: int) -> list[str]:
        """Return the accounts whose oldest delivery is due: those behind it wait for it."""
        oldest = (
            select(func.min(DELIVERIES.c.id))
            .where(DELIVERIES.c.output == output)
            .group_by(DELIVERIES.c.account)
        )
        query = (
            select(DELIVERIES.c.account)
            .where(DELIVERIES.c.id.in_(oldest), DELIVERIES.c.due_at <= now)
            .order_by(DELIVERIES.c.due_at)
            .limit(limit)
        )
        async with self._database.reading() as session:
            return list(await session.scalars(query))

    async def count(self) -> dict[str, int]:
        """Return how many deliveries each output owes."""
        query = select(DELIVERIES.c.output, func.count()).group_by(DELIVERIES.c.output)
        async with self._database.reading() as session:
            return {output: count for output, count in (await session.execute(query)).all()}

    async def done(self, ids: Iterable[int]) -> None:
        """Forget deliveries that were made, or given up."""
        async with self._database.session() as session:
            await session.execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(list(ids))))

    async def postpone(self, id: int, attempts: int, due_at: datetime) -> None:
        """Try a delivery again later."""
        change = update(DELIVERIES).where(DELIVERIES.c.id == id)
        async with self._database.session() as session:
            await session.execute(change.values(attempts=attempts, due_at=due_at))


def _delivery(row: dict[str, Any]) -> Delivery:
    return Delivery(
        row["delivery_id"], row["account"], row["attempts"], row["first_at"], decode_cdr(row)
    )
