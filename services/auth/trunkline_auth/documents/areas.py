"""Areas of addresses as documents write them (AUT-18)."""

from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Annotated, Final

from pydantic import Field, StringConstraints, model_validator
from trunkline_kernel.documents import Event, Kind, Ref, Spec

from ..errors import InvalidAddress
from ..identity import AddressRange, AreaMap, AreaRule

AREA: Final = "Area"


class RangeSpec(Spec):
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

    ranges: tuple[RangeSpec, ...] = ()


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
    """Keeps the map of areas what the documents say."""

    def __init__(self) -> None:
        self._specs: dict[str, AreaSpec] = {}
        self.map = AreaMap()

    def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over changed areas."""
        changed = [event for event in events if event.kind == AREA]
        for event in changed:
            if isinstance(event.spec, AreaSpec):
                self._specs[event.name] = event.spec
            else:
                self._specs.pop(event.name, None)
        if changed:
            self.map = AreaMap(
                AddressRange(name, each.start, each.count)
                for name, spec in self._specs.items()
                for each in spec.ranges
            )
