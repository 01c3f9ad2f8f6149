"""Documents wherever they are kept, in memory or in a store of their kind; and who needs whom."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from .errors import DocumentInUse, NoSuchDocument
from .kinds import Kind, Reference, references_of
from .memory import Memory
from .text import spell_path


class Contents:
    """Every document of a service, read in the transaction it is given."""

    def __init__(self, kinds: Mapping[str, Kind[Any]], memory: Memory) -> None:
        self._kinds = kinds
        self._memory = memory

    async def get(self, session: AsyncSession, kind: Kind[Any], name: str) -> BaseModel | None:
        """Return a spec, if there is one."""
        if kind.store is None:
            return self._memory.specs[kind.name].get(name)
        spec: BaseModel | None = await kind.store.get(session, name)
        return spec

    async def referrers(self, session: AsyncSession, kind: str, name: str) -> list[Reference]:
        """Return who refers to a document, in the order of their names."""
        found = []
        for referring in self._kinds.values():
            if not referring.may_name(kind):
                continue
            for other, spec in (await self._all(session, referring)).items():
                found += [
                    Reference(referring.name, other, spell_path(path), kind, name)
                    for path, target, target_name in references_of(spec)
                    if (target, target_name) == (kind, name)
                ]
        return sorted(found, key=lambda each: (each.kind, each.name, each.field))

    async def ensure_unused(self, session: AsyncSession, kind: Kind[Any], name: str) -> None:
        """Raise `NoSuchDocument`, or `DocumentInUse` when another document refers to it."""
        if await self.get(session, kind, name) is None:
            raise NoSuchDocument(f"no {kind.name} is named {name!r}")
        if users := await self.referrers(session, kind.name, name):
            named = ", ".join(f"{user.kind}/{user.name}" for user in users)
            raise DocumentInUse(f"{kind.name}/{name} is used by {named}")

    async def _all(self, session: AsyncSession, kind: Kind[Any]) -> dict[str, BaseModel]:
        if kind.store is None:
            return self._memory.specs[kind.name]
        specs = {
            name: await kind.store.get(session, name) for name in await kind.store.names(session)
        }
        return {name: spec for name, spec in specs.items() if spec is not None}
