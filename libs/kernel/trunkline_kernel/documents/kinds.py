"""Kinds of documents: a pydantic model of the spec, what it refers to, and what is secret in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from ..logs import MASK
from ..rights import Action
from .spec import Json
from .text import dump

SpecT = TypeVar("SpecT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks a field that names a document: `account: Annotated[str, Ref("Account")]`.

    On a list of names every item is a reference.
    """

    kind: str
    within: Callable[[str], str] = str
    """Returns the name that a value holds, or "" for one that holds none."""
    required: bool = True
    """Whether the document has to be there. If not, it has to stay while something refers to it."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Marks a field that is never shown. Written as "***" it keeps its stored value."""


SECRET: Final = Secret()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a document, found by a check."""

    kind: str
    name: str
    field: str
    """Path, "spec.prefixes[0]". Empty when the whole document is meant."""
    message: str
    is_warning: bool = False
    """Allowed, and hardly meant: said, and applied all the same."""

    def __str__(self) -> str:
        where = f"{self.kind}/{self.name}" if self.name else self.kind
        return (
            f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """One document that names another."""

    kind: str
    name: str
    field: str
    target_kind: str
    target_name: str


class KindStore(Protocol[SpecT]):
    """Where a kind with tables of its own is kept. All in the transaction of the whole apply."""

    async def get(self, session: AsyncSession, name: str) -> SpecT | None:
        """Return a stored spec."""

    async def names(self, session: AsyncSession) -> Sequence[str]:
        """Return every name, in order."""

    async def put(
        self, session: AsyncSession, name: str, spec: SpecT, previous: SpecT | None, author: str
    ) -> None:
        """Create or change a document. May raise `TrunklineError` to undo everything."""

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        """Remove a document. May raise `TrunklineError`, for example when it has history."""


class Planned(Protocol):
    """All documents of a service as they would be."""

    def of(self, kind: str) -> Mapping[str, Any]:
        """Return specs by name. Of a kind with a store of its own, only those being applied."""


Check = Callable[[Planned], Iterable[Problem]]
"""Looks across documents, for example for a prefix that two gateways claim."""


@dataclass(frozen=True)
class Kind(Generic[SpecT]):
    """One kind of document, as far as a service keeps it."""

    name: str
    spec: type[SpecT]
    rest: bool = True
    """Whether this service takes the top-level fields that no other service names as its own."""
    prepare: Callable[[str, SpecT, SpecT | None], SpecT] | None = None
    """Turns (name, spec as written, stored spec) into the spec to store: a password into its hash.
    Raises `ValueError`, or `TrunklineError` with a violation for each wrong field."""
    generate: Callable[[str, SpecT, SpecT | None], tuple[SpecT, Mapping[str, str]]] | None = None
    """Fills in secrets that a document leaves to the service, before `prepare`: turns (name, spec
    as written, stored spec) into the spec with them, and by path what it made up. Whoever applies
    the document is told that, and nobody later."""
    store: KindStore[SpecT] | None = None
    singleton: bool = False
    fields: Sequence[str] = field(default=())
    """Top-level fields this service owns, when they are not those of the model."""
    secrets: frozenset[str] = frozenset()
    """Top-level fields that are secret, where the model does not mark them."""
    keeps_version: bool = False
    """Whether what a document was before its last change is kept, so that it can be put back. For
    kinds without a store of their own and without secrets."""
    module: str = ""
    """Module that operators' rights are granted for. Empty is the name with a small initial."""

    @property
    def owned(self) -> list[str]:
        """Return the top-level fields that are this service's own."""
        return list(self.fields) or [
            info.alias or name for name, info in self.spec.model_fields.items()
        ]

    def shown(self, spec: SpecT) -> dict[str, Json]:
        """Return a spec as people may see it."""
        shown = masked(spec)
        return shown | {name: MASK for name in self.secrets if name in shown}

    def action(self, name: str, *specs: BaseModel | None, deletes: bool = False) -> Action:
        """Return what it is to write or delete a document that is, and was, `specs`."""
        module = self.module or self.name[0].lower() + self.name[1:]
        named = [
            each
            for spec in specs
            if spec is not None
            for each in references_of(spec, required_only=True)
        ]
        objects = [f"{self.name}/{name}", *(f"{kind}/{target}" for _, kind, target in named)]
        return Action(module, tuple(dict.fromkeys(objects)), deletes)

    @property
    def targets(self) -> list[str]:
        """Return the kinds whose documents a spec may need."""
        return sorted({mark.kind for mark in self._marks if mark.required})

    def may_name(self, kind: str) -> bool:
        """Tell whether a spec may refer to documents of a kind."""
        return any(mark.kind == kind for mark in self._marks)

    @cached_property
    def has_secrets(self) -> bool:
        """Whether a spec may hold secrets, which may be written as they are shown."""
        return bool(self.secrets) or any(
            isinstance(mark, Secret) for mark in _marks(self.spec, set())
        )

    @property
    def _marks(self) -> Iterator[Ref]:
        return (mark for mark in _marks(self.spec, set()) if isinstance(mark, Ref))


def masked(spec: BaseModel) -> dict[str, Json]:
    """Return a spec as people may see it."""
    shown = dump(spec)
    for path in secrets_of(spec):
        _mask(shown, path)
    return shown


Path = tuple[str | int, ...]


def references_of(
    spec: BaseModel, *, required_only: bool = False
) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, kind, name) for every reference in a spec."""
    for path, value, marks in _fields(spec, ()):
        for mark in marks:
            if isinstance(mark, Ref) and (mark.required or not required_only):
                yield from _names(path, mark, value)


def secrets_of(spec: BaseModel) -> Iterator[Path]:
    """Yield the path of every secret that is set."""
    for path, value, marks in _fields(spec, ()):
        if value is not None and any(isinstance(mark, Secret) for mark in marks):
            yield path


def _names(path: Path, mark: Ref, value: object) -> Iterator[tuple[Path, str, str]]:
    if isinstance(value, str):
        if name := mark.within(value):
            yield path, mark.kind, name
    elif isinstance(value, list | tuple | set | frozenset):
        for index, item in enumerate(value):
            yield from _names((*path, index), mark, item)


def _fields(value: object, path: Path) -> Iterator[tuple[Path, object, Sequence[object]]]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            inner = getattr(value, name)
            here = (*path, info.alias or name)
            yield here, inner, info.metadata
            yield from _fields(inner, here)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _fields(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _fields(item, (*path, str(key)))


def _marks(annotation: Any, seen: set[type]) -> Iterator[Ref | Secret]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen.add(annotation)
        for info in annotation.model_fields.values():
            yield from (mark for mark in info.metadata if isinstance(mark, Ref | Secret))
            yield from _marks(info.annotation, seen)
    for argument in getattr(annotation, "__args__", ()):
        yield from _marks(argument, seen)


def _mask(shown: Json, path: Path) -> None:
    *parents, last = path
    for part in parents:
        try:
            shown = shown[part]
        except (KeyError, IndexError):
            return  # left at its default, so not shown at all
    if isinstance(shown, dict) and last in shown:
        shown[last] = MASK
