"""Alarms as rows (MGT-13), and the notices that tell of them, in one transaction (MGT-14)."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.database import Database

from ..alarms.alarm import Alarm, AlarmChanges, AlarmType, Condition, Key, Level
from ..cdrs.fields import epoch_ms
from .notice_rows import ALARM, notice_row
from .tables import ALARMS, NOTICES
from .turns import turn


class AlarmStore:
    """The alarms that are and were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def turn(self) -> AbstractAsyncContextManager[bool]:
        """Keep other replicas from comparing; yield whether it is our turn."""
        return turn(self._database, "alarms")

    async def current(self) -> dict[Key, Alarm]:
        """Return the alarms that hold."""
        query = select(ALARMS).where(ALARMS.c.stop_at.is_(None))
        async with self._database.reading() as session:
            alarms = [_alarm(row) for row in await session.execute(query)]
        return {alarm.condition.key: alarm for alarm in alarms}

    async def page(self, *, current: bool, before: int | None, limit: int) -> list[Alarm]:
        """Return alarms, newest first: those that hold, or all."""
        query = select(ALARMS).order_by(ALARMS.c.id.desc()).limit(limit)
        if current:
            query = query.where(ALARMS.c.stop_at.is_(None))
        if before is not None:
            query = query.where(ALARMS.c.id < before)
        async with self._database.reading() as session:
            return [_alarm(row) for row in await session.execute(query)]

    async def change(self, changes: AlarmChanges, now: datetime, *, tell: bool) -> None:
        """Write what one look changed; `tell` owes a notice of each."""
        async with self._database.session() as session:
            for condition in changes.raised:
                await _put(session, condition, now, None, tell=tell)
            for alarm in changes.cleared:
                stop = update(ALARMS).where(ALARMS.c.id == alarm.id, ALARMS.c.stop_at.is_(None))
                await session.execute(stop.values(stop_at=now))
                if tell:
                    await _owe(session, alarm.condition, alarm.start, now, now)

    async def record(
        self, condition: Condition, start: datetime, stop: datetime, *, tell: bool
    ) -> None:
        """Write an alarm that could not be written while it held."""
        async with self._database.session() as session:
            await _put(session, condition, start, stop, tell=tell)

    async def confirm(self, id: int, user: str, now: datetime) -> Alarm | None:
        """Store who has seen an alarm, the first time; return it, or None if there is none."""
        mark = update(ALARMS).where(ALARMS.c.id == id, ALARMS.c.confirmed_at.is_(None))
        async with self._database.session() as session:
            await session.execute(mark.values(confirmed_by=user, confirmed_at=now))
            row = (await session.execute(select(ALARMS).where(ALARMS.c.id == id))).one_or_none()
        return None if row is None else _alarm(row)


async def _put(
    session: AsyncSession,
    condition: Condition,
    start: datetime,
    stop: datetime | None,
    *,
    tell: bool,
) -> None:
    row = {
        "type": condition.type,
        "subject": condition.subject,
        "level": condition.level,
        "value": condition.value,
        "lower": condition.lower,
        "upper": condition.upper,
        "evidence": condition.evidence,
        "start_at": start,
        "stop_at": stop,
        "confirmed_by": "",
    }
    await session.execute(insert(ALARMS), [row])
    if tell:
        await _owe(session, condition, start, stop, stop or start)


async def _owe(
    session: AsyncSession,
    condition: Condition,
    start: datetime,
    stop: datetime | None,
    now: datetime,
) -> None:
    body = {
        "type": condition.type,
        "object": condition.subject,
        "level": condition.level.name.lower(),
        **{
            name: None if number is None else format(number, "f")
            for name, number in (
                ("value", condition.value),
                ("lower", condition.lower),
                ("upper", condition.upper),
            )
        },
        "evidence": condition.evidence,
        "start": epoch_ms(start),
        "stop": None if stop is None else epoch_ms(stop),
    }
    subject = f"alarm {condition.type} {condition.subject}"
    await session.execute(insert(NOTICES), [notice_row(subject, ALARM, body, now)])


def _alarm(row: Any) -> Alarm:
    condition = Condition(
        AlarmType(row.type),
        row.subject,
        Level(row.level),
        row.value,
        row.lower,
        row.upper,
        row.evidence,
    )
    return Alarm(row.id, condition, row.start_at, row.stop_at, row.confirmed_by, row.confirmed_at)
