"""What alarms are made of: purses, calls in progress, and what gateways answered (MGT-13)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from trunkline_kernel.database import Database

from ..accounts.purse import Purse
from ..alarms.rules import Traffic
from ..alarms.traffic import Minute
from .purse_rows import decode_purse
from .reservation_rows import decode_reservation
from .tables import GATEWAY_MINUTES, PURSES, RESERVATIONS

KEPT: Final = timedelta(days=1)
"""How long the minutes of gateways are kept."""


class Readings:
    """Reads, and keeps what gateways answered, of every replica together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        statement = insert(GATEWAY_MINUTES)
        self._add = statement.on_conflict_do_update(
            index_elements=["minute", "gateway"],
            set_={
                name: GATEWAY_MINUTES.c[name] + statement.excluded[name]
                for name in ("attempts", "answered", "talk")
            },
        )

    async def purses(self) -> dict[str, Purse]:
        """Return what every account holds."""
        async with self._database.reading() as session:
            rows = await session.execute(select(PURSES))
            return {row.account: decode_purse(row._asdict()) for row in rows}

    async def calls(self, now: datetime) -> dict[str, tuple[str, timedelta]]:
        """Return the answered calls in progress with their payer and age."""
        async with self._database.reading() as session:
            rows = (await session.execute(select(RESERVATIONS))).all()
        held = [decode_reservation(row._asdict()) for row in rows]
        return {
            one.call_id: (one.start.account, now - one.answered_at)
            for one in held
            if one.answered_at is not None
        }

    async def add(self, minutes: Mapping[Minute, Traffic], now: datetime) -> None:
        """Add what this replica saw, and forget what is old."""
        rows = [
            {
                "minute": minute,
                "gateway": gateway,
                "attempts": seen.attempts,
                "answered": seen.answered,
                "talk": seen.talk,
            }
            for (minute, gateway), seen in sorted(minutes.items())
        ]
        async with self._database.session() as session:
            if rows:
                await session.execute(self._add, rows)
            old = GATEWAY_MINUTES.c.minute < now - KEPT
            await session.execute(delete(GATEWAY_MINUTES).where(old))

    async def traffic(
        self, windows: Iterable[timedelta], now: datetime
    ) -> dict[tuple[str, timedelta], Traffic]:
        """Return what gateways answered in each window until now."""
        columns = GATEWAY_MINUTES.c
        found = {}
        async with self._database.reading() as session:
            for window in set(windows):
                query = (
                    select(
                        columns.gateway,
                        func.sum(columns.attempts),
                        func.sum(columns.answered),
                        func.sum(columns.talk),
                    )
                    .where(columns.minute > now - window)
                    .group_by(columns.gateway)
                )
                for gateway, attempts, answered, talk in await session.execute(query):
                    found[gateway, window] = Traffic(int(attempts), int(answered), talk)
        return found
