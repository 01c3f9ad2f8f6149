"""CDRs by the day: partitions made ahead in PostgreSQL, old days dropped where a limit is set.

A day that the default partition already holds rows of gets no partition of its own; queries find
those rows all the same.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.database import Database

from .tables import CDRS, DELIVERIES

DAY: Final = timedelta(days=1)
AHEAD: Final = 7
"""Days that have a partition before their first CDR."""
SLICE: Final = 2000

log = structlog.stdlib.get_logger(__name__)


class CdrDays:
    """The days of the CDRs."""

    def __init__(self, database: Database, keep: timedelta | None) -> None:
        """`keep` is how long a CDR is kept; None is for ever."""
        self._database = database
        self._keep = keep

    async def maintain(self, now: datetime) -> None:
        """Make the days to come and drop those that are over."""
        today = now.astimezone(UTC).date()
        if not self._database.is_sqlite:
            for ahead in range(AHEAD + 1):
                async with self._database.session() as session:
                    await _make_day(session, today + ahead * DAY)
        if self._keep is not None:
            await self._drop_before(_midnight(today) - self._keep)

    async def _drop_before(self, limit: datetime) -> None:
        if not self._database.is_sqlite:
            async with self._database.session() as session:
                for name in await _days_before(session, limit.date()):
                    await session.execute(text(f"DROP TABLE {name}"))
                    log.info("cdr_day_dropped", partition=name)
        async with self._database.session() as session:
            await session.execute(delete(DELIVERIES).where(DELIVERIES.c.end_time < limit))
        old = select(CDRS.c.flow_no).where(CDRS.c.end_time < limit).limit(SLICE)
        while True:
            async with self._database.session() as session:
                numbers = list(await session.scalars(old))
                if not numbers:
                    return
                await session.execute(delete(CDRS).where(CDRS.c.flow_no.in_(numbers)))


async def _make_day(session: AsyncSession, day: date) -> None:
    name = _name(day)
    exists = text("SELECT to_regclass(:name)")
    if await session.scalar(exists, {"name": name}) is not None:
        return
    begin, end = _midnight(day), _midnight(day + DAY)
    taken = text("SELECT 1 FROM cdrs_default WHERE end_time >= :begin AND end_time < :end LIMIT 1")
    if await session.scalar(taken, {"begin": begin, "end": end}):
        return
    bounds = f"FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
    await session.execute(
        text(f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF cdrs FOR VALUES {bounds}")
    )


async def _days_before(session: AsyncSession, limit: date) -> list[str]:
    query = text(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'cdrs'::regclass"
    )
    names = sorted(await session.scalars(query))
    return [name for name in names if name[5:].isdigit() and name < _name(limit)]


def _name(day: date) -> str:
    return f"cdrs_{day:%Y%m%d}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
