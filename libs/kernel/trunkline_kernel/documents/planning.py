"""What applying documents would do, and everything that is wrong with them, at once."""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from ..faults import FieldViolation, TrunklineError
from ..logs import MASK
from ..paced import paced
from .diff import FieldChange, field_changes
from .kinds import Kind, Problem, Reference, references_of, secrets_of
from .spec import Json
from .text import BadSpec, dump, read, spell_path

NAME: Final = re.compile(r"[A-Za-z0-9._+@-]{1,64}")

Key = tuple[str, str]
"""Kind and name."""


class Action(StrEnum):
    """What applying does to a document."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it came."""

    kind: str
    name: str
    spec: Json | BaseModel | BadSpec
    """JSON that nobody has looked at; of a large one, what was read of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What applying does to one document."""

    kind: str
    name: str
    action: Action
    spec: BaseModel
    previous: BaseModel | None
    fields: tuple[FieldChange, ...] = ()
    generated: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets that the service made up, by path."""


@dataclass(slots=True)
class Plan:
    """Changes in the order of the documents, or problems; and references to other services."""

    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


class Planner:
    """Checks documents against their kinds, each other and what is stored."""

    def __init__(
        self,
        kinds: Mapping[str, Kind[Any]],
        stored: Mapping[str, Mapping[str, BaseModel]],
        previous: Mapping[Key, BaseModel],
        names: Mapping[str, Iterable[str]],
    ) -> None:
        """`stored` are the kinds in memory, `previous` what stands under the documents' names,
        `names` the names of the kinds with stores of their own."""
        self._kinds = kinds
        self._previous = previous
        self._specs = {kind: dict(stored.get(kind, {})) for kind in kinds}
        self._names = {kind: set(found) for kind, found in names.items()}
        self._given: set[Key] = set()
        self._generated: dict[Key, Mapping[str, str]] = {}
        self._plan = Plan()

    def of(self, kind: str) -> Mapping[str, Any]:
        """Return specs by name as they would be; see `Planned`."""
        return self._specs.get(kind, {})

    async def plan(self, documents: Sequence[Document], checks: Iterable[Any]) -> Plan:
        """Return the plan. Checks across documents run when every document is right by itself."""
        async for document in paced(documents):
            key = (document.kind, document.name)
            if key in self._given:
                self._problem(document, "", "is given twice")
            else:
                self._one(document)
            self._given.add(key)
        await self._check_references()
        if not self._plan.problems:
            found = [problem for check in checks for problem in check(self)]
            self._plan.problems += [each for each in found if not each.is_warning]
            self._plan.warnings += [each for each in found if each.is_warning]
        if self._plan.problems:
            self._plan.changes = []
        return self._plan

    def _one(self, document: Document) -> None:
        kind = self._kinds.get(document.kind)
        if kind is None:
            known = ", ".join(sorted(self._kinds))
            self._problem(document, "kind", f"is not kept here; known are {known}")
            return
        if kind.singleton != (not document.name) or (
            document.name and not NAME.fullmatch(document.name)
        ):
            self._problem(document, "name", _name_expected(kind))
        spec = self._parse(document, kind)
        if spec is not None:
            self._plan.changes.append(self._change(document, spec))
            self._specs[kind.name][document.name] = spec

    def _parse(self, document: Document, kind: Kind[Any]) -> BaseModel | None:
        previous = self._previous.get((kind.name, document.name))
        try:
            spec = _read(document.spec, kind, previous)
        except BadSpec as error:
            for violation in error.violations:
                self._problem(document, violation.field, violation.description)
            return None
        if kind.generate is not None:
            spec, generated = kind.generate(document.name, spec, previous)
            self._generated[kind.name, document.name] = generated
        if kind.prepare is None:
            return spec
        try:
            prepared: BaseModel = kind.prepare(document.name, spec, previous)
        except ValueError as error:
            self._problem(document, "spec", str(error))
            return None
        except TrunklineError as error:
            for violation in error.violations or [FieldViolation("", error.message)]:
                path = (violation.field,) if violation.field else ()
                self._problem(document, spell_path(path), violation.description)
            return None
        return prepared

    def _change(self, document: Document, spec: BaseModel) -> Change:
        key = (document.kind, document.name)
        previous, generated = self._previous.get(key), self._generated.get(key, {})
        if previous is None:
            return Change(*key, Action.CREATED, spec, None, generated=generated)
        if dump(previous) == dump(spec):
            return Change(document.kind, document.name, Action.UNCHANGED, spec, previous)
        kind = self._kinds[document.kind]
        fields = tuple(field_changes(kind.shown(previous), kind.shown(spec)))
        return Change(*key, Action.CHANGED, spec, previous, fields, generated)

    async def _check_references(self) -> None:
        async for change in paced(self._plan.changes):
            for path, kind, name in references_of(change.spec, required_only=True):
                where = spell_path(path)
                if kind not in self._kinds:
                    self._plan.references.append(
                        Reference(change.kind, change.name, where, kind, name)
                    )
                elif not self._is_there(kind, name):
                    self._plan.problems.append(
                        Problem(change.kind, change.name, where, f"no {kind} is named {name!r}")
                    )

    def _is_there(self, kind: str, name: str) -> bool:
        """Tell whether a document is stored or given, be it with problems of its own."""
        return (
            (kind, name) in self._given
            or name in self._specs[kind]
            or name in self._names.get(kind, ())
        )

    def _problem(self, document: Document, where: str, message: str) -> None:
        self._plan.problems.append(Problem(document.kind, document.name, where, message))


def _read(
    spec: Json | BaseModel | BadSpec, kind: Kind[Any], previous: BaseModel | None
) -> BaseModel:
    if isinstance(spec, BadSpec):
        raise spec
    if isinstance(spec, BaseModel):
        return spec
    return read(kind.spec, _with_secrets(spec, previous) if kind.has_secrets else spec)


def _name_expected(kind: Kind[Any]) -> str:
    if kind.singleton:
        return f"must be empty, as there is one {kind.name} only"
    return 'must be 1 to 64 letters, digits, ".", "_", "-", "+" or "@"'


def _with_secrets(spec: Json, previous: BaseModel | None) -> Json:
    """Return a spec in which secrets written as they are shown have their stored values."""
    if previous is None:
        return spec
    spec, stored = copy.deepcopy(spec), dump(previous)
    for *parents, last in secrets_of(previous):
        new, old = _descend(spec, parents), _descend(stored, parents)
        if isinstance(new, dict) and isinstance(old, dict) and new.get(last) == MASK:
            new[last] = old.get(last)
    return spec


def _descend(value: Json, path: Sequence[str | int]) -> Json:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
