"""Parameters in the service's database, with their history.

Every replica follows it and sees a change within a second (MGT-01, spec 0.3).
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..background import steadily
from ..database import Database
from ..tables import ParameterChangeRow, ParameterRow, RevisionClock, lock_clock, tick
from ..vault import BadKey, Vault
from .declarations import BadParameterValue
from .registry import Change, Parameters

log = structlog.stdlib.get_logger(__name__)

CLOCK: Final = "parameters"

LAST_REVISION: Final = "SELECT revision FROM revision_clocks WHERE name = 'parameters'"

POLL_INTERVAL: Final = 1.0
"""Seconds between two looks at what other replicas wrote."""

UNKNOWN_AUTHOR: Final = "unknown"


@dataclass(frozen=True, slots=True)
class PastChange:
    """One write of the history. Secrets are masked."""

    name: str
    old: str
    new: str
    author: str
    at: datetime


class StoredParameters:
    """Writes and follows a service's parameters; `values` is what its code reads."""

    def __init__(self, values: Parameters, database: Database, vault: Vault | None = None) -> None:
        """`vault` seals secret parameters; only who declares none may do without."""
        assert vault or not any(parameter.secret for parameter in values.declared.values())
        self.values = values
        self._database = database
        self._vault = vault
        self._revision = -1

    async def load(self) -> None:
        """Take over what is stored."""
        async with self._database.reading() as session:
            await self._refresh(session)

    async def follow(self) -> None:
        """Take over what other replicas write. Never returns."""
        await steadily(self._catch_up, POLL_INTERVAL, "parameters", retry=POLL_INTERVAL)

    async def _catch_up(self) -> int:
        if await self._database.glance(LAST_REVISION) != self._revision:
            await self.load()
        return 0

    async def set(self, values: Mapping[str, str], author: str = "") -> list[Change]:
        """Write `values` by name or alias, all or none; return what changed.

        Raises `UnknownParameter`, `BadParameters`.
        """
        async with self.changing() as session:
            changes = self.values.plan(values)
            await self.write(session, changes, author)
        return changes

    async def reset(self, names: Iterable[str], author: str = "") -> list[Change]:
        """Put `names` back to their defaults; return what changed. Raises `UnknownParameter`."""
        async with self.changing() as session:
            changes = self.values.plan_reset(names)
            await self.write(session, changes, author, reset=True)
        return changes

    async def history(self, name: str = "", limit: int = 100) -> list[PastChange]:
        """Return past changes, newest first. An empty name gives those of all parameters."""
        statement = select(ParameterChangeRow).order_by(ParameterChangeRow.id.desc()).limit(limit)
        if name:
            found = self.values.find(name).name
            statement = statement.where(ParameterChangeRow.name == found)
        async with self._database.reading() as session:
            rows = (await session.scalars(statement)).all()
        return [
            PastChange(row.name, row.old_value, row.new_value, row.author, row.changed_at)
            for row in rows
        ]

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction in which nobody else changes parameters; take its writes over after.

        `values` are current when it begins.
        """
        async with self._database.session() as session:
            await self.lock(session)
            yield session
        await self.load()

    async def lock(self, session: AsyncSession) -> None:
        """Keep others from changing parameters until commit, and catch up with them."""
        await lock_clock(session, CLOCK)
        await self._refresh(session)

    async def write(
        self,
        session: AsyncSession,
        changes: Sequence[Change],
        author: str,
        *,
        reset: bool = False,
    ) -> None:
        """Store planned changes within a transaction that holds the lock; then `load` again."""
        if not changes:
            return
        revision = await tick(session, CLOCK, 1)
        for change in changes:
            name = change.parameter.name
            if reset:
                await session.execute(delete(ParameterRow).where(ParameterRow.name == name))
            else:
                value = self._sealed(change)
                await session.merge(ParameterRow(name=name, value=value, revision=revision))
            old, new = change.shown
            session.add(
                ParameterChangeRow(
                    name=name,
                    old_value=old,
                    new_value=new,
                    author=author or UNKNOWN_AUTHOR,
                    changed_at=datetime.now(UTC),
                )
            )

    def _sealed(self, change: Change) -> str:
        if self._vault is None or not change.parameter.secret:
            return change.new
        return self._vault.seal(change.parameter.name, change.new)

    async def _refresh(self, session: AsyncSession) -> None:
        revision = await _revision(session)
        rows = (await session.scalars(select(ParameterRow))).all()
        found = ((row.name, self._read(row)) for row in rows)
        self.values.replace({name: text for name, text in found if text is not None})
        self._revision = revision

    def _read(self, row: ParameterRow) -> str | None:
        """Return a stored value; None for one that is of no use here."""
        parameter = self.values.declared.get(row.name)
        if parameter is None:
            return None  # another version of the service declares it
        try:
            text = self._vault.open(row.name, row.value) if self._vault else row.value
            parameter.parse(text)
        except (BadKey, BadParameterValue) as error:
            log.warning("stored parameter cannot be used, default taken", problem=str(error))
            return None
        return text


async def _revision(session: AsyncSession) -> int:
    statement = select(RevisionClock.revision).where(RevisionClock.name == CLOCK)
    return (await session.execute(statement)).scalar_one()
