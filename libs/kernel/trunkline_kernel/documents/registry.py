"""A service's documents: planned, applied, read, removed, and followed by every replica.

What stands in memory is what the service's own model is built from. A change is told to listeners
at once where it was made and within a second on other replicas, by the change log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from pydantic import BaseModel
from sqlalchemy import Delete, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ..background import steadily
from ..database import Database
from ..faults import FailedPrecondition, FieldViolation, InvalidArgument, NotFound
from ..parameters.store import StoredParameters
from ..tables import DocumentChangeRow, DocumentRow, DocumentVersionRow, lock_clock, tick
from .kinds import Check, Kind, Reference, references_of
from .parameters import parameters_kind
from .planning import Action, Change, Document, Key, Plan, Planner
from .text import BadSpec, dump, read_text, spell, spell_path

log = structlog.stdlib.get_logger(__name__)

CLOCK: Final = "documents"

POLL_INTERVAL: Final = 1.0
"""Seconds between two looks at what other replicas changed."""


class UnknownKind(InvalidArgument):
    """This service keeps no documents of this kind."""

    reason = "UNKNOWN_KIND"


class NoSuchDocument(NotFound):
    """There is no such document."""

    reason = "DOCUMENT_NOT_FOUND"


class DocumentInUse(FailedPrecondition):
    """Another document refers to it."""

    reason = "DOCUMENT_IN_USE"


class NoVersionBefore(FailedPrecondition):
    """There is nothing that a document could be put back to."""

    reason = "NO_VERSION_BEFORE"


class BadDocuments(InvalidArgument):
    """Documents are wrong; every error is a violation."""

    reason = "BAD_DOCUMENTS"


@dataclass(frozen=True, slots=True)
class Event:
    """One document as it is now."""

    kind: str
    name: str
    spec: BaseModel | None
    """None when it was deleted. Also None for a kind with a store of its own: read that."""
    revision: int
    deleted: bool


Listener = Callable[[Sequence[Event]], None]

Permit = Callable[[Sequence[Change]], Awaitable[str]]
"""Returns on whose account changes are made, or raises what forbids them."""


class Documents:
    """The documents of one service."""

    def __init__(
        self,
        kinds: Iterable[Kind[Any]],
        database: Database,
        *,
        checks: Iterable[Check] = (),
        parameters: StoredParameters | None = None,
    ) -> None:
        """`kinds` come in the order in which they are applied. With `parameters`, the kind
        Parameters is kept too."""
        self.kinds: dict[str, Kind[Any]] = {kind.name: kind for kind in kinds}
        self.parameters = parameters
        if parameters is not None:
            kind = parameters_kind(parameters)
            self.kinds[kind.name] = kind
        self._database = database
        self._checks = tuple(checks)
        self._specs: dict[str, dict[str, BaseModel]] = {
            kind.name: {} for kind in self.kinds.values() if kind.store is None
        }
        self._revisions: dict[Key, int] = {}
        self._listeners: list[Listener] = []
        self._writing = asyncio.Lock()
        self.revision = 0

    def of(self, kind: str) -> dict[str, Any]:
        """Return the specs in memory by name. Kinds with a store of their own are not here."""
        return dict(self._specs[kind])

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every change from now on; before `load`, with all there is."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Read everything and tell the listeners."""
        async with self._writing, self._database.reading() as session:
            rows = (await session.scalars(select(DocumentRow))).all()
            self.revision = await _last_revision(session)
        events = [await self._take(row.kind, row.name, row.spec, row.revision) for row in rows]
        self._tell([event for event in events if event is not None])

    async def follow(self) -> None:
        """Take over what other replicas change. Never returns."""

        async def step() -> int:
            await self.catch_up()
            return 0

        await steadily(step, POLL_INTERVAL, "documents", retry=POLL_INTERVAL)

    async def catch_up(self) -> None:
        """Take over what other replicas have changed."""
        async with self._writing:
            async with self._database.reading() as session:
                events = await self._read_changes(session)
            self._tell(events)

    async def plan(self, documents: Sequence[Document]) -> Plan:
        """Return what applying would do. Changes nothing."""
        await self.catch_up()
        async with self._database.reading() as session:
            return await self._plan(session, documents)

    async def apply(
        self, documents: Sequence[Document], author: str = "", permit: Permit | None = None
    ) -> list[Change]:
        """Store all documents or none. Raises `BadDocuments` with every error at once.

        `permit` is asked before anything is stored; whom it names is the author.
        """
        async with self._writing:
            async with self._database.session() as session:
                await lock_clock(session, CLOCK)
                if self.parameters is not None:
                    await self.parameters.lock(session)
                self._tell(await self._read_changes(session))
                plan = await self._plan(session, documents)
                if plan.problems:
                    raise _bad(plan)
                written = [c for c in plan.changes if c.action is not Action.UNCHANGED]
                if permit is not None and written:
                    author = await permit(written) or author
                events = await self._store(session, written, author)
            self._remember(written, events)
            self._tell(events)
        if self.parameters is not None:
            await self.parameters.load()
        return plan.changes

    async def get(self, kind: str, name: str) -> tuple[BaseModel, int]:
        """Return a spec and its revision, 0 for a kind with its own store.

        Raises `UnknownKind`, `NoSuchDocument`.
        """
        found = self._kind(kind)
        if found.store is None:
            spec = self._specs[kind].get(name)
        else:
            async with self._database.reading() as session:
                spec = await found.store.get(session, name)
        if spec is None:
            raise NoSuchDocument(f"no {kind} is named {name!r}")
        return spec, self._revisions.get((kind, name), 0)

    async def version_before(self, kind: str, name: str) -> BaseModel:
        """Return what a document was before its last change. Raises `NoVersionBefore`."""
        async with self._database.reading() as session:
            row = await session.get(DocumentVersionRow, (kind, name))
        if row is None:
            raise NoVersionBefore(f"nothing is known of {kind}/{name} before its last change")
        return await read_text(self.kinds[kind].spec, row.spec)

    async def names(self, kind: str) -> list[str]:
        """Return the names of a kind, in order. Raises `UnknownKind`."""
        found = self._kind(kind)
        if found.store is None:
            return sorted(self._specs[kind])
        async with self._database.reading() as session:
            return sorted(await found.store.names(session))

    async def delete(self, kind: str, name: str, author: str = "") -> int:
        """Remove a document and return the revision.

        Raises `UnknownKind`, `NoSuchDocument`, `DocumentInUse`.
        """
        found = self._kind(kind)
        async with self._writing:
            async with self._database.session() as session:
                await lock_clock(session, CLOCK)
                self._tell(await self._read_changes(session))
                await self._ensure_unused(session, found, name)
                revision = await tick(session, CLOCK, 1)
                if found.store is None:
                    await session.execute(_delete_row(kind, name))
                else:
                    await found.store.delete(session, name, author)
                session.add(_log_entry(revision, kind, name, author, deleted=True))
            self._forget(kind, name)
            self.revision = revision
            self._tell([Event(kind, name, None, revision, deleted=True)])
        return revision

    async def referrers(self, kind: str, name: str) -> list[Reference]:
        """Return who refers to a document, kept here or elsewhere, in the order of their names."""
        async with self._database.reading() as session:
            return await self._referrers(session, kind, name)

    def _kind(self, name: str) -> Kind[Any]:
        try:
            return self.kinds[name]
        except KeyError:
            known = ", ".join(sorted(self.kinds))
            raise UnknownKind(f"{name} is not kept here; known are {known}") from None

    async def _plan(self, session: AsyncSession, documents: Sequence[Document]) -> Plan:
        previous: dict[Key, BaseModel] = {}
        for document in documents:
            kind = self.kinds.get(document.kind)
            if kind is None:
                continue
            if kind.store is None:
                spec = self._specs[kind.name].get(document.name)
            else:
                spec = await kind.store.get(session, document.name)
            if spec is not None:
                previous[kind.name, document.name] = spec
        names = {
            kind.name: await kind.store.names(session)
            for kind in self.kinds.values()
            if kind.store is not None
        }
        return Planner(self.kinds, self._specs, previous, names).plan(documents, self._checks)

    async def _store(
        self, session: AsyncSession, changes: Sequence[Change], author: str
    ) -> list[Event]:
        revision = await tick(session, CLOCK, len(changes)) - len(changes)
        events = []
        for change in changes:
            revision += 1
            kind = self.kinds[change.kind]
            store = kind.store
            if kind.keeps_version and change.previous is not None:
                await session.merge(_version(change.kind, change.name, change.previous))
            if store is None:
                await session.merge(
                    DocumentRow(
                        kind=change.kind,
                        name=change.name,
                        spec=spell(dump(change.spec)),
                        revision=revision,
                    )
                )
            else:
                await store.put(session, change.name, change.spec, change.previous, author)
            session.add(_log_entry(revision, change.kind, change.name, author, deleted=False))
            spec = change.spec if store is None else None
            events.append(Event(change.kind, change.name, spec, revision, deleted=False))
        return events

    async def _read_changes(self, session: AsyncSession) -> list[Event]:
        statement = (
            select(DocumentChangeRow)
            .where(DocumentChangeRow.revision > self.revision)
            .order_by(DocumentChangeRow.revision)
        )
        latest = {(row.kind, row.name): row for row in await session.scalars(statement)}
        events = []
        for (kind, name), change in sorted(latest.items(), key=lambda item: item[1].revision):
            self.revision = max(self.revision, change.revision)
            if kind not in self.kinds:
                continue  # another version of the service keeps it
            row = await session.get(DocumentRow, (kind, name))
            if change.deleted or row is None:
                self._forget(kind, name)
                events.append(Event(kind, name, None, change.revision, change.deleted))
            elif event := await self._take(kind, name, row.spec, change.revision):
                events.append(event)
        return events

    async def _take(self, kind: str, name: str, text: str, revision: int) -> Event | None:
        if kind not in self._specs:
            return None  # another version of the service keeps it
        try:
            spec = await read_text(self.kinds[kind].spec, text)
        except BadSpec as error:
            log.error(
                "stored document is not valid, left out", kind=kind, name=name, problem=str(error)
            )
            return None
        self._specs[kind][name] = spec
        self._revisions[kind, name] = revision
        return Event(kind, name, spec, revision, deleted=False)

    def _remember(self, changes: Sequence[Change], events: Sequence[Event]) -> None:
        for change in changes:
            if change.kind in self._specs:
                self._specs[change.kind][change.name] = change.spec
        for event in events:
            self._revisions[event.kind, event.name] = event.revision
            self.revision = max(self.revision, event.revision)

    def _forget(self, kind: str, name: str) -> None:
        self._specs.get(kind, {}).pop(name, None)
        self._revisions.pop((kind, name), None)

    def _tell(self, events: Sequence[Event]) -> None:
        if events:
            for listener in self._listeners:
                listener(events)

    async def _ensure_unused(self, session: AsyncSession, kind: Kind[Any], name: str) -> None:
        if kind.store is None:
            there = name in self._specs[kind.name]
        else:
            there = await kind.store.get(session, name) is not None
        if not there:
            raise NoSuchDocument(f"no {kind.name} is named {name!r}")
        if users := await self._referrers(session, kind.name, name):
            named = ", ".join(f"{user.kind}/{user.name}" for user in users)
            raise DocumentInUse(f"{kind.name}/{name} is used by {named}")

    async def _referrers(self, session: AsyncSession, kind: str, name: str) -> list[Reference]:
        found = []
        for referring in self.kinds.values():
            if not referring.may_name(kind):
                continue
            for other, spec in (await self._all(session, referring)).items():
                found += [
                    Reference(referring.name, other, spell_path(path), kind, name)
                    for path, target, target_name in references_of(spec)
                    if (target, target_name) == (kind, name)
                ]
        return sorted(found, key=lambda each: (each.kind, each.name, each.field))

    async def _all(self, session: AsyncSession, kind: Kind[Any]) -> dict[str, BaseModel]:
        if kind.store is None:
            return self._specs[kind.name]
        specs = {
            name: await kind.store.get(session, name) for name in await kind.store.names(session)
        }
        return {name: spec for name, spec in specs.items() if spec is not None}


def _bad(plan: Plan) -> BadDocuments:
    violations = []
    for problem in plan.problems:
        where = f"{problem.kind}/{problem.name}" if problem.name else problem.kind
        path = f"{where}: {problem.field}" if problem.field else where
        violations.append(FieldViolation(path, problem.message))
    return BadDocuments(violations=violations)


def _log_entry(
    revision: int, kind: str, name: str, author: str, *, deleted: bool
) -> DocumentChangeRow:
    return DocumentChangeRow(
        revision=revision,
        kind=kind,
        name=name,
        deleted=deleted,
        author=author or "unknown",
        changed_at=datetime.now(UTC),
    )


async def _last_revision(session: AsyncSession) -> int:
    statement = select(func.max(DocumentChangeRow.revision))
    return (await session.execute(statement)).scalar_one() or 0


def _version(kind: str, name: str, spec: BaseModel) -> DocumentVersionRow:
    return DocumentVersionRow(kind=kind, name=name, spec=spell(dump(spec)))


def _delete_row(kind: str, name: str) -> Delete:
    return delete(DocumentRow).where(DocumentRow.kind == kind, DocumentRow.name == name)
