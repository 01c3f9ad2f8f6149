"""What other services said last, for every replica's watchman: a source of alarms (MGT-13)."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select
from trunkline_kernel.database import Database

from ..alarms.alarm import REPORTED, AlarmType, Condition
from ..alarms.reported import Report, agreed
from .tables import REPORTED_CONDITIONS

HOLD: Final = timedelta(seconds=60)
"""How long a report holds that is not repeated."""

COLUMNS = REPORTED_CONDITIONS.c


class ReportedConditions:
    """The last report of every reporter."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._known_from = clock() + HOLD

    @property
    def types(self) -> Collection[AlarmType]:
        """What is watched. Nothing at first: whoever lives needs time to report here again."""
        return REPORTED.keys() if self._clock() >= self._known_from else ()

    async def replace(self, reporter: str, reports: Iterable[Report]) -> None:
        """Store all that a reporter says, in place of what it said before."""
        now = self._clock()
        rows = [
            {
                "reporter": reporter,
                "type": one.type,
                "subject": one.subject,
                "holds": one.holds,
                "evidence": one.evidence,
                "reported_at": now,
            }
            for one in reports
        ]
        old = (COLUMNS.reporter == reporter) | (COLUMNS.reported_at < now - HOLD)
        async with self._database.session() as session:
            await session.execute(delete(REPORTED_CONDITIONS).where(old))
            if rows:
                await session.execute(insert(REPORTED_CONDITIONS), rows)

    async def conditions(self) -> Iterable[Condition]:
        """Return what is wrong by the reports that hold."""
        query = select(REPORTED_CONDITIONS).where(COLUMNS.reported_at >= self._clock() - HOLD)
        async with self._database.reading() as session:
            return agreed(
                Report(AlarmType(row.type), row.subject, row.holds, row.evidence)
                for row in await session.execute(query)
            )
