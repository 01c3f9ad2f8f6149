"""Areas of addresses as documents write them (AUT-18)."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator
from trunkline_kernel.beside import beside
from trunkline_kernel.documents import Event, Kind, Ref, Row, Rows, Spec

from ..errors import InvalidAddress
from ..identity import AddressRange, AreaMap, AreaRule

AREA: Final = "Area"

SMALL: Final = 1_000
"""Ranges whose map is made in a few milliseconds, in the loop."""


class RangeSpec(Row):
    """Addresses in a row."""

    start: IPv4Address
    count: Annotated[int, Field(ge=1)]
    memo: Annotated[str, StringConstraints(max_length=256)] = ""

    @model_validator(mode="after")
    def _fits(self) -> "RangeSpec":
        try:
            AddressRange("", self.start, self.count)
        except InvalidAddress as error:
            raise ValueError(error.message) from None
        return self


class AreaSpec(Spec):
    """One area, for example a country or an office."""

    ranges: Annotated[Rows[RangeSpec], Field(default_factory=lambda: Rows(RangeSpec))]


class AreaRuleSpec(Spec):
    """Areas that one may come from, or that one may not."""

    allow: Annotated[tuple[str, ...], Ref(AREA)] = ()
    deny: Annotated[tuple[str, ...], Ref(AREA)] = ()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "AreaRuleSpec":
        if bool(self.allow) == bool(self.deny):
            raise ValueError("expected either allow or deny, with one area at least")
        return self

    def compiled(self) -> AreaRule:
        """Return the rule in the form that requests meet."""
        return AreaRule(frozenset(self.allow or self.deny), allowed=bool(self.allow))


AREA_KIND: Final = Kind(AREA, AreaSpec, module="areas")


class AreaFeed:
    """Keeps the map of areas what the documents say; a large one is made beside the loop."""

    def __init__(self) -> None:
        self._specs: dict[str, AreaSpec] = {}
        self._changed = asyncio.Event()
        self._building = asyncio.Lock()
        self.map = AreaMap()

    async def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over changed areas."""
        changed = [event for event in events if event.kind == AREA]
        for event in changed:
            if isinstance(event.spec, AreaSpec):
                self._specs[event.name] = event.spec
            else:
                self._specs.pop(event.name, None)
        if changed and not self._is_large and not self._building.locked():
            self.map = map_of(self._specs)
        elif changed:
            self._changed.set()

    async def keep_built(self) -> None:
        """Make the map anew as large areas change. Never returns."""
        while True:
            await self._changed.wait()
            await self.build()

    async def build(self) -> None:
        """Make the map anew if large areas have changed."""
        async with self._building:
            while self._changed.is_set():
                self._changed.clear()
                async with beside(_maps, [dict(self._specs)], large=self._is_large) as maps:
                    self.map = await anext(maps)

    @property
    def _is_large(self) -> bool:
        return sum(len(spec.ranges) for spec in self._specs.values()) > SMALL


def map_of(specs: Mapping[str, AreaSpec]) -> AreaMap:
    """Return the map of some areas."""
    return AreaMap(
        AddressRange(name, each.start, each.count)
        for name, spec in specs.items()
        for each in spec.ranges
    )


def _maps(specs: Iterator[Mapping[str, AreaSpec]]) -> Iterator[AreaMap]:
    yield from map(map_of, specs)
