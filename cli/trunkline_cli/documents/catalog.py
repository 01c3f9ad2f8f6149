"""Which service keeps which part of which kind, as the services themselves announce it."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.common.v1.documents_pb2 import Kind, ListKindsRequest

from ..errors import BadUsage
from ..services import Service
from ..switch import Switch
from .source import Json, Problem, SourceDocument

APPLY_ORDER: Final = (
    Service.BILLING,
    Service.ROUTING,
    Service.AUTH,
    Service.MEDIA,
    Service.SIGNALING,
)
"""Order where references leave it open: whoever may call is told last, when all else stands."""


@dataclass(frozen=True, slots=True)
class Part:
    """What goes to one service of one document."""

    service: Service
    document: SourceDocument
    spec: dict[str, Json]


class Catalog:
    """The kinds of all services."""

    def __init__(self, kinds: Mapping[Service, Sequence[Kind]]) -> None:
        self._kinds = {service: {kind.name: kind for kind in of} for service, of in kinds.items()}
        self.names = sorted({name for of in self._kinds.values() for name in of})

    def keepers(self, kind: str) -> list[Service]:
        """Return the services that keep a part of a kind, in the order of applying."""
        return [service for service in self.order() if kind in self._kinds[service]]

    def is_singleton(self, kind: str) -> bool:
        """Return whether there is one nameless document of the kind only."""
        return any(of[kind].singleton for of in self._kinds.values() if kind in of)

    def order(self) -> list[Service]:
        """Return the services so that those others refer to come first."""
        waiting = [service for service in APPLY_ORDER if service in self._kinds]
        ordered: list[Service] = []
        while waiting:
            ready = [s for s in waiting if not self._refers_to(s) & (set(waiting) - {s})]
            chosen = (ready or waiting)[0]  # services that refer to each other: as listed above
            waiting.remove(chosen)
            ordered.append(chosen)
        return ordered

    def _refers_to(self, service: Service) -> set[Service]:
        own = self._kinds[service]
        targets = {name for kind in own.values() for name in kind.references} - set(own)
        return {other for other, kinds in self._kinds.items() if targets & set(kinds)}

    def find(self, text: str) -> str:
        """Return the kind that `text` means: any case, hyphens, a plural.

        Raises `BadUsage` with what might be meant.
        """
        meant = _fold(text)
        for name in self.names:
            if meant in (_fold(name), _fold(name) + "s"):
                return name
        raise BadUsage(self.unknown(text))

    def unknown(self, kind: str) -> str:
        """Return what to say of a kind that nobody keeps."""
        close = difflib.get_close_matches(kind, self.names, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"no service keeps the kind {kind}{hint} Kinds are: {', '.join(self.names)}"

    def split(self, document: SourceDocument) -> tuple[list[Part], list[Problem]]:
        """Return what of the document goes to which service, and fields that none takes."""
        keepers = self.keepers(document.kind)
        if not keepers:
            return [], [document.problem("kind", self.unknown(document.kind))]
        kinds = {service: self._kinds[service][document.kind] for service in keepers}
        if len(kinds) == 1:
            return [Part(keepers[0], document, document.spec)], []
        parts = [
            Part(service, document, _share(document.spec, kind, kinds.values()))
            for service, kind in kinds.items()
        ]
        if self.is_singleton(document.kind):
            parts = [part for part in parts if part.spec]
        taken = {field for part in parts for field in part.spec}
        problems = [
            document.problem(f"spec.{field}", _unknown_field(field, kinds.values()))
            for field in document.spec
            if field not in taken
        ]
        return parts, problems


def read_catalog(switch: Switch) -> Catalog:
    """Ask every service what it keeps. Raises `Unreachable` when one does not answer."""
    return Catalog(
        {
            service: switch.documents(service).ListKinds(ListKindsRequest()).kinds
            for service in Service
        }
    )


def _fold(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _share(spec: dict[str, Json], kind: Kind, kinds: Iterable[Kind]) -> dict[str, Json]:
    named = {field for of in kinds for field in of.fields}
    return {
        field: value
        for field, value in spec.items()
        if field in kind.fields or (kind.rest and field not in named)
    }


def _unknown_field(field: str, kinds: Iterable[Kind]) -> str:
    close = difflib.get_close_matches(field, [name for kind in kinds for name in kind.fields], n=1)
    return f"unknown field; did you mean {close[0]}?" if close else "unknown field"
