"""A service's documents: planned, applied, read, removed, and followed by every replica.

What stands in memory is what the service's own model is built from. A change is told to listeners
at once where it was made and within a second on other replicas, by the change log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from ..background import steadily
from ..database import Database
from ..parameters.store import StoredParameters
from . import storage
from .contents import Contents
from .errors import NoSuchDocument, NoVersionBefore, UnknownKind, refusal
from .kinds import Check, Kind, Reference
from .memory import Event, Memory
from .parameters import parameters_kind
from .planning import Action, Change, Document, Plan, Planner
from .text import read_text

POLL_INTERVAL: Final = 1.0
"""Seconds between two looks at what other replicas changed."""

Listener = Callable[[Sequence[Event]], Awaitable[None]]
"""Takes changes over, one call after the other. Pauses in it let calls go on, not other changes."""

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
        self._memory = Memory(self.kinds.values())
        self._contents = Contents(self.kinds, self._memory)
        self._listeners: list[Listener] = []
        self._writing = asyncio.Lock()

    @property
    def revision(self) -> int:
        """Return the revision of the last change that is known here."""
        return self._memory.revision

    def of(self, kind: str) -> dict[str, Any]:
        """Return the specs in memory by name. Kinds with a store of their own are not here."""
        return dict(self._memory.specs[kind])

    def subscribe(self, listener: Listener) -> None:
        """Call `listener` with every change from now on; before `load`, with all there is."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Read everything and tell the listeners."""
        async with self._writing, self._database.reading() as session:
            rows = await storage.rows(session)
            self._memory.revision = await storage.last_revision(session)
        take = self._memory.take
        events = [await take(row.kind, row.name, row.spec, row.revision) for row in rows]
        await self._tell([event for event in events if event is not None])

    async def follow(self) -> None:
        """Take over what other replicas change. Never returns."""

        async def step() -> int:
            if await self._database.glance(storage.LAST_REVISION) != self.revision:
                await self.catch_up()
            return 0

        await steadily(step, POLL_INTERVAL, "documents", retry=POLL_INTERVAL)

    async def catch_up(self) -> None:
        """Take over what other replicas have changed."""
        async with self._writing:
            async with self._database.reading() as session:
                events = await self._read_changes(session)
            await self._tell(events)

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
                await storage.lock(session)
                if self.parameters is not None:
                    await self.parameters.lock(session)
                await self._tell(await self._read_changes(session))
                plan = await self._plan(session, documents)
                if plan.problems:
                    raise refusal(plan)
                written = [c for c in plan.changes if c.action is not Action.UNCHANGED]
                if permit is not None and written:
                    author = await permit(written) or author
                events = await storage.store(session, self.kinds, written, author)
            self._memory.remember(written, events)
            await self._tell(events)
        if self.parameters is not None:
            await self.parameters.load()
        return plan.changes

    async def get(self, kind: str, name: str) -> tuple[BaseModel, int]:
        """Return a spec and its revision, 0 for a kind with its own store.

        Raises `UnknownKind`, `NoSuchDocument`.
        """
        found = self._kind(kind)
        if found.store is None:
            spec = self._memory.specs[kind].get(name)
        else:
            async with self._database.reading() as session:
                spec = await found.store.get(session, name)
        if spec is None:
            raise NoSuchDocument(f"no {kind} is named {name!r}")
        return spec, self._memory.revision_of(kind, name)

    async def version_before(self, kind: str, name: str) -> BaseModel:
        """Return what a document was before its last change. Raises `NoVersionBefore`."""
        async with self._database.reading() as session:
            text = await storage.text_before(session, kind, name)
        if text is None:
            raise NoVersionBefore(f"nothing is known of {kind}/{name} before its last change")
        return await read_text(self.kinds[kind].spec, text)

    async def names(self, kind: str) -> list[str]:
        """Return the names of a kind, in order. Raises `UnknownKind`."""
        found = self._kind(kind)
        if found.store is None:
            return sorted(self._memory.specs[kind])
        async with self._database.reading() as session:
            return sorted(await found.store.names(session))

    async def delete(self, kind: str, name: str, author: str = "") -> int:
        """Remove a document and return the revision.

        Raises `UnknownKind`, `NoSuchDocument`, `DocumentInUse`.
        """
        found = self._kind(kind)
        async with self._writing:
            async with self._database.session() as session:
                await storage.lock(session)
                await self._tell(await self._read_changes(session))
                await self._contents.ensure_unused(session, found, name)
                event = await storage.remove(session, found, name, author)
            self._memory.forget(event)
            await self._tell([event])
        return event.revision

    async def referrers(self, kind: str, name: str) -> list[Reference]:
        """Return who refers to a document, kept here or elsewhere, in the order of their names."""
        async with self._database.reading() as session:
            return await self._contents.referrers(session, kind, name)

    def _kind(self, name: str) -> Kind[Any]:
        try:
            return self.kinds[name]
        except KeyError:
            known = ", ".join(sorted(self.kinds))
            raise UnknownKind(f"{name} is not kept here; known are {known}") from None

    async def _plan(self, session: AsyncSession, documents: Sequence[Document]) -> Plan:
        previous = {
            (kind.name, document.name): spec
            for document in documents
            if (kind := self.kinds.get(document.kind))
            and (spec := await self._contents.get(session, kind, document.name)) is not None
        }
        names = {
            kind.name: await kind.store.names(session)
            for kind in self.kinds.values()
            if kind.store is not None
        }
        planner = Planner(self.kinds, self._memory.specs, previous, names)
        return await planner.plan(documents, self._checks)

    async def _read_changes(self, session: AsyncSession) -> list[Event]:
        events = []
        for change in await storage.changes_since(session, self.revision):
            self._memory.revision = change.revision
            if change.kind not in self.kinds:
                continue  # another version of the service keeps it
            text = await storage.text(session, change.kind, change.name)
            if change.deleted or text is None:
                gone = Event(change.kind, change.name, None, change.revision, change.deleted)
                self._memory.forget(gone)
                events.append(gone)
            elif event := await self._memory.take(change.kind, change.name, text, change.revision):
                events.append(event)
        return events

    async def _tell(self, events: Sequence[Event]) -> None:
        if events:
            for listener in self._listeners:
                await listener(events)
