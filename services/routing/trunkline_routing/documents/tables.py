"""GatewayGroup and NumberTransform: what several gateways share (RTE-22, RTE-01)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator
from trunkline_kernel.documents import Row, Rows, Spec

from ..numbers.errors import PlanError
from ..numbers.transform import Party, Point, TransformRow, duplicates, keys_of, parse_row
from .fields import Calls


class GatewayGroupSpec(Spec):
    """Routing gateways with a limit of their own, together."""

    calls: Calls | None = None
    """Calls at once over all members; unset means no limit."""
    memo: Annotated[str, Field(max_length=1024)] = ""


class TransformSpec(Row):
    """One row, in either form of RTE-01: three columns, or original and target."""

    mapping_gateway_caller: str | None = None
    """Number arriving as caller at a mapping gateway, to be replaced by `number`."""
    number: str | None = None
    """The platform's own number."""
    routing_gateway_callee: str | None = None
    """Number to send as callee to a routing gateway in place of `number`."""
    original: str | None = None
    target: str | None = None
    party: Party | None = None
    point: Point = Point.ANY
    memo: Annotated[str, Field(max_length=256)] = ""

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        columns = (self.mapping_gateway_caller, self.number, self.routing_gateway_callee)
        generic = (self.original, self.target, self.party)
        if any(value is not None for value in columns) == any(
            value is not None for value in generic
        ):
            raise ValueError(
                "expected number with mappingGatewayCaller or routingGatewayCallee,"
                " or original, target and party"
            )
        if self.original is not None and (self.target is None or self.party is None):
            raise ValueError("original needs target and party")
        if self.original is None and self.number is None:
            raise ValueError("number is missing" if any(columns) else "original is missing")
        _ = self.generic  # raises `PlanError`
        return self

    @property
    def keys(self) -> list[str]:
        """Return by what its rows are found."""
        return [key for row in self.generic for key in keys_of(row)]

    @cached_property
    def generic(self) -> list[TransformRow]:
        """The rows of the generic form that this one stands for, without their ids."""
        if self.original is not None:
            party = self.party or Party.CALLER
            return [parse_row("", self.original, self.target or "", party, self.point)]
        number, rows = self.number or "", []
        if self.mapping_gateway_caller:
            mapped = self.mapping_gateway_caller
            rows.append(parse_row("", mapped, number, Party.CALLER, Point.MAPPING))
        if self.routing_gateway_callee:
            routed = self.routing_gateway_callee
            rows.append(parse_row("", number, routed, Party.CALLEE, Point.ROUTING))
        if not rows:
            raise PlanError("expected mappingGatewayCaller or routingGatewayCallee, or both")
        return rows

    def rows(self, id: str) -> list[TransformRow]:
        """Return the same with the id of this row."""
        return [replace(row, id=id) for row in self.generic]


class NumberTransformSpec(Spec):
    """Rows of the number transform table. Their ids are their places, document by document."""

    rows: Annotated[Rows[TransformSpec], Field(max_length=1_000_000)]
    memo: Annotated[str, Field(max_length=1024)] = ""

    @model_validator(mode="after")
    def _has_no_duplicates(self) -> Self:
        found = duplicates(_parsed("", self.rows.alike()))
        if found:
            first, again = found[0]
            raise ValueError(
                f"rows{again.id} has the {again.party} original {again.original.text!r}"
                f" of rows{first.id}"
            )
        return self

    def shared(self, other: NumberTransformSpec, document: str) -> Iterator[TransformRow]:
        """Yield the rows that may be in another document too; ids are `document[place]`."""
        return _parsed(document, self.rows.shared(other.rows))


@dataclass(frozen=True, slots=True)
class TransformRows:
    """The rows of one document as calls find them."""

    document: str
    rows: Rows[TransformSpec]

    def find(self, key: str) -> Iterator[TransformRow]:
        """Return the rows of a key, the lower id first."""
        rows = _parsed(self.document, self.rows.find(key))
        return (row for row in rows if key in keys_of(row))


def _parsed(document: str, rows: Iterable[tuple[int, TransformSpec]]) -> Iterator[TransformRow]:
    for place, spec in rows:
        yield from spec.rows(f"{document}[{place}]")
