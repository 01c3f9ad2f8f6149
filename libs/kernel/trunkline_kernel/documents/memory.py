"""Documents in memory: those of kinds without a store of their own, as they are now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import BaseModel

from .kinds import Kind
from .planning import Change, Key
from .text import BadSpec, read_text

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """One document as it is now."""

    kind: str
    name: str
    spec: BaseModel | None
    """None when it was deleted. Also None for a kind with a store of its own: read that."""
    revision: int
    deleted: bool


class Memory:
    """Specs and revisions, up to `revision`."""

    def __init__(self, kinds: Iterable[Kind[Any]]) -> None:
        self._kinds = {kind.name: kind for kind in kinds if kind.store is None}
        self.specs: dict[str, dict[str, BaseModel]] = {name: {} for name in self._kinds}
        self._revisions: dict[Key, int] = {}
        self.revision = 0

    def revision_of(self, kind: str, name: str) -> int:
        """Return the revision of a document, 0 for one that is not here."""
        return self._revisions.get((kind, name), 0)

    async def take(self, kind: str, name: str, text: str, revision: int) -> Event | None:
        """Take over a document as it is stored. One that can't be read is left out."""
        if kind not in self._kinds:
            return None  # another version of the service keeps it
        try:
            spec = await read_text(self._kinds[kind].spec, text)
        except BadSpec as error:
            log.error(
                "stored document is not valid, left out", kind=kind, name=name, problem=str(error)
            )
            return None
        self.specs[kind][name] = spec
        self._revisions[kind, name] = revision
        return Event(kind, name, spec, revision, deleted=False)

    def remember(self, changes: Sequence[Change], events: Sequence[Event]) -> None:
        """Take over what was stored from here."""
        for change in changes:
            if change.kind in self.specs:
                self.specs[change.kind][change.name] = change.spec
        for event in events:
            self._revisions[event.kind, event.name] = event.revision
            self.revision = max(self.revision, event.revision)

    def forget(self, event: Event) -> None:
        """Let go of what is deleted, or kept elsewhere."""
        self.specs.get(event.kind, {}).pop(event.name, None)
        self._revisions.pop((event.kind, event.name), None)
        self.revision = max(self.revision, event.revision)
