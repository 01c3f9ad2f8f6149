"""Documents in the database: their rows, and the log that replicas follow.

Every function works in the transaction it is given. A revision is taken from a clock that is locked
until commit, so changes appear in the order of their revisions.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncSession

from ..tables import DocumentChangeRow, DocumentRow, DocumentVersionRow, lock_clock, tick
from .kinds import Kind
from .memory import Event
from .planning import Change
from .text import dump, spell

CLOCK: Final = "documents"
LAST_REVISION: Final = "SELECT coalesce(max(revision), 0) FROM document_changes"
AT_ONCE: Final = 50
"""Documents whose rows are made ready in one turn of the loop."""


async def lock(session: AsyncSession) -> None:
    """Keep others from writing documents until commit."""
    await lock_clock(session, CLOCK)


async def rows(session: AsyncSession) -> Sequence[DocumentRow]:
    """Return every document of kinds without a store of their own."""
    return (await session.scalars(select(DocumentRow))).all()


async def text(session: AsyncSession, kind: str, name: str) -> str | None:
    """Return a spec as it is stored, if it is."""
    row = DocumentRow
    return await session.scalar(select(row.spec).where(row.kind == kind, row.name == name))


async def text_before(session: AsyncSession, kind: str, name: str) -> str | None:
    """Return what a spec was before its last change, where that is kept."""
    row = DocumentVersionRow
    return await session.scalar(select(row.spec).where(row.kind == kind, row.name == name))


async def last_revision(session: AsyncSession) -> int:
    """Return the revision of the last change."""
    revision: int = (await session.execute(sql(LAST_REVISION))).scalar_one()
    return revision


class LoggedChange(NamedTuple):
    """One change as the log tells it."""

    revision: int
    kind: str
    name: str
    deleted: bool


async def changes_since(session: AsyncSession, revision: int) -> list[LoggedChange]:
    """Return the last change of every document that changed after a revision, in their order."""
    row = DocumentChangeRow
    statement = (
        select(row.revision, row.kind, row.name, row.deleted)
        .where(row.revision > revision)
        .order_by(row.revision)
        .execution_options(yield_per=AT_ONCE)
    )
    changes = [LoggedChange(*each) async for each in await session.stream(statement)]
    return sorted({(each.kind, each.name): each for each in changes}.values())


async def store(
    session: AsyncSession, kinds: Mapping[str, Kind[Any]], changes: Sequence[Change], author: str
) -> list[Event]:
    """Write changes, and what was there before where that is kept."""
    revision = await tick(session, CLOCK, len(changes)) - len(changes)
    events = []
    for number, change in enumerate(changes, 1):
        revision += 1
        kind, name = kinds[change.kind], change.name
        if kind.keeps_version and change.previous is not None:
            before = spell(dump(change.previous))
            await session.merge(DocumentVersionRow(kind=kind.name, name=name, spec=before))
        if kind.store is None:
            now = spell(dump(change.spec))
            row = DocumentRow(kind=kind.name, name=name, spec=now, revision=revision)
            await session.merge(row)
        else:
            await kind.store.put(session, name, change.spec, change.previous, author)
        session.add(_entry(revision, kind.name, name, author, deleted=False))
        spec = change.spec if kind.store is None else None
        events.append(Event(kind.name, name, spec, revision, deleted=False))
        if not number % AT_ONCE:
            await session.flush()
    return events


async def remove(session: AsyncSession, kind: Kind[Any], name: str, author: str) -> Event:
    """Delete a document."""
    revision = await tick(session, CLOCK, 1)
    if kind.store is None:
        named = (DocumentRow.kind == kind.name, DocumentRow.name == name)
        await session.execute(delete(DocumentRow).where(*named))
    else:
        await kind.store.delete(session, name, author)
    session.add(_entry(revision, kind.name, name, author, deleted=True))
    return Event(kind.name, name, None, revision, deleted=True)


def _entry(revision: int, kind: str, name: str, author: str, *, deleted: bool) -> DocumentChangeRow:
    return DocumentChangeRow(
        revision=revision,
        kind=kind,
        name=name,
        deleted=deleted,
        author=author or "unknown",
        changed_at=datetime.now(UTC),
    )
