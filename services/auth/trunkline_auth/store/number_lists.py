"""Number lists in the database, and a copy in memory that follows it (AUT-14).

A list is stored as the packed parts of a `DigitSet`: a million numbers are 8 MB and load at once.
Every change gives a list a new version, by which replicas notice it within `POLL_INTERVAL`.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.database import Database
from trunkline_kernel.digit_sets import DigitSet
from trunkline_kernel.documents import Event

from ..documents.lists import MAX_DOCUMENT_NUMBERS, NUMBER_LIST, NumberListSpec
from ..errors import NoListBefore, NoNumberList
from ..lists.imports import ImportMode, ImportPlan, plan_import
from .models import NumberListPartRow, NumberListPartVersionRow, NumberListRow

POLL_INTERVAL: Final = 1.0
"""Seconds between two looks at what other replicas changed."""

Parts = Mapping[str, bytes]


class NumberListStore:
    """Reads and writes number lists: the store of the kind NumberList, and of imports."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.written = asyncio.Event()
        """Set when a change of a list is committed here, so that the copy need not wait."""

    async def documents_changed(self, events: Iterable[Event]) -> None:
        """Note that lists were written as documents."""
        if any(event.kind == NUMBER_LIST for event in events):
            self.written.set()

    async def get(self, session: AsyncSession, name: str) -> NumberListSpec | None:
        row = await session.get(NumberListRow, name)
        if row is None:
            return None
        if row.size > MAX_DOCUMENT_NUMBERS:
            return NumberListSpec(memo=row.memo)
        numbers = _members(await self.parts(session, name))
        return NumberListSpec(memo=row.memo, numbers=tuple(sorted(numbers)))

    async def names(self, session: AsyncSession) -> Sequence[str]:
        return (
            await session.scalars(select(NumberListRow.name).order_by(NumberListRow.name))
        ).all()

    async def put(
        self,
        session: AsyncSession,
        name: str,
        spec: NumberListSpec,
        previous: NumberListSpec | None,
        author: str,
    ) -> None:
        before = await self.parts(session, name)
        members = _members(before)
        changed = members.replace(spec.numbers) if spec.numbers is not None else {}
        await self._write(session, name, spec.memo, len(members), before, changed)

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        for rows in (NumberListPartRow, NumberListPartVersionRow):
            await session.execute(delete(rows).where(rows.list == name))
        await session.execute(delete(NumberListRow).where(NumberListRow.name == name))

    async def parts(self, session: AsyncSession, name: str) -> Parts:
        """Return the stored parts of a list; none if there is no such list."""
        rows = await session.scalars(
            select(NumberListPartRow).where(NumberListPartRow.list == name)
        )
        return {row.part: row.codes for row in rows}

    async def change(
        self, name: str, text: str, mode: ImportMode, *, dry_run: bool = False
    ) -> ImportPlan:
        """Import numbers, all or none, and return what changed. Raises `NoNumberList`."""
        async with self._database.session() as session:
            row = await session.get(NumberListRow, name, with_for_update=True)
            if row is None:
                raise NoNumberList(f"no NumberList is named {name!r}")
            parts = await self.parts(session, name)
            plan = await asyncio.to_thread(plan_import, parts, text, mode)
            if plan.parts and not dry_run:
                await self._write(session, name, row.memo, plan.total, parts, plan.parts)
        self.written.set()
        return plan

    async def roll_back(self, name: str) -> int:
        """Put a list back to what it was before its last change; return its size.

        Raises `NoNumberList`, `NoListBefore`. Twice is the list as it is now.
        """
        async with self._database.session() as session:
            row = await session.get(NumberListRow, name, with_for_update=True)
            if row is None:
                raise NoNumberList(f"no NumberList is named {name!r}")
            statement = select(NumberListPartVersionRow).where(
                NumberListPartVersionRow.list == name
            )
            changed = {each.part: each.codes for each in await session.scalars(statement)}
            if not changed:
                raise NoListBefore(f"nothing is known of {name} before its last change")
            parts = await self.parts(session, name)
            size = len(_members({**parts, **changed}))
            await self._write(session, name, row.memo, size, parts, changed)
        self.written.set()
        return size

    async def _write(
        self,
        session: AsyncSession,
        name: str,
        memo: str,
        size: int,
        before: Parts,
        changed: Parts,
    ) -> None:
        row = NumberListRow(name=name, memo=memo, size=size, version=uuid.uuid4().hex)
        await session.merge(row)
        if changed:
            await _keep(session, name, {part: before.get(part, b"") for part in changed})
        for part, codes in changed.items():
            if codes:
                await session.merge(NumberListPartRow(list=name, part=part, codes=codes))
            else:
                await session.execute(
                    delete(NumberListPartRow).where(
                        NumberListPartRow.list == name, NumberListPartRow.part == part
                    )
                )


class NumberLists:
    """Every list in memory. `changed` hears the parts of a list as they come and go."""

    def __init__(
        self,
        store: NumberListStore,
        database: Database,
        changed: Callable[[str, str, bytes], None],
    ) -> None:
        self._store = store
        self._database = database
        self._changed = changed
        self._versions: dict[str, str] = {}
        self._lists: dict[str, DigitSet] = {}

    def holding(self, number: str) -> list[str]:
        """Return the names of the lists that hold a number, in order."""
        return sorted(name for name, members in self._lists.items() if number in members)

    async def refresh(self) -> None:
        """Take over what is stored."""
        async with self._database.reading() as session:
            rows = (await session.scalars(select(NumberListRow))).all()
            for row in rows:
                if self._versions.get(row.name) != row.version:
                    self._take(row.name, await self._store.parts(session, row.name))
                    self._versions[row.name] = row.version
        for name in self._versions.keys() - {row.name for row in rows}:
            self._take(name, {})
            del self._versions[name], self._lists[name]

    async def follow(self) -> None:
        """Take over what is changed, here at once. Never returns."""
        while True:
            try:
                async with asyncio.timeout(POLL_INTERVAL):
                    await self._store.written.wait()
            except TimeoutError:
                pass
            self._store.written.clear()
            await self.refresh()

    def _take(self, name: str, parts: Parts) -> None:
        members = self._lists.setdefault(name, DigitSet())
        before = members.parts
        for part in sorted(before.keys() | parts.keys(), key=lambda each: not parts.get(each)):
            codes = parts.get(part, b"")
            if codes != before.get(part, b""):
                members.put_part(part, codes)
                self._changed(name, part, codes)


async def _keep(session: AsyncSession, name: str, before: Parts) -> None:
    rows = NumberListPartVersionRow
    await session.execute(delete(rows).where(rows.list == name))
    session.add_all(rows(list=name, part=part, codes=codes) for part, codes in before.items())


def _members(parts: Parts) -> DigitSet:
    members = DigitSet()
    for name, packed in parts.items():
        members.put_part(name, packed)
    return members
