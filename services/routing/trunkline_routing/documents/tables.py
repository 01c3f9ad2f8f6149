"""GatewayGroup and NumberTransform: what several gateways share (RTE-22, RTE-01)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from trunkline_kernel.documents import Spec

from ..numbers.errors import PlanError
from ..numbers.transform import Party, Point, TransformRow, duplicates, parse_row
from .fields import Calls


class GatewayGroupSpec(Spec):
    """Routing gateways with a limit of their own, together."""

    calls: Calls | None = None
    """Calls at once over all members; unset means no limit."""
    memo: Annotated[str, Field(max_length=1024)] = ""


class TransformSpec(Spec):
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
        self.rows("")
        return self

    def rows(self, id: str) -> list[TransformRow]:
        """Return the rows of the generic form that this one stands for."""
        if self.original is not None:
            return [
                parse_row(
                    id, self.original, self.target or "", self.party or Party.CALLER, self.point
                )
            ]
        number, rows = self.number or "", []
        if self.mapping_gateway_caller:
            mapped = self.mapping_gateway_caller
            rows.append(parse_row(id, mapped, number, Party.CALLER, Point.MAPPING))
        if self.routing_gateway_callee:
            routed = self.routing_gateway_callee
            rows.append(parse_row(id, number, routed, Party.CALLEE, Point.ROUTING))
        if not rows:
            raise PlanError("expected mappingGatewayCaller or routingGatewayCallee, or both")
        return rows


class NumberTransformSpec(Spec):
    """Rows of the number transform table. Their ids are their places, document by document."""

    rows: Annotated[tuple[TransformSpec, ...], Field(max_length=1_000_000)]
    memo: Annotated[str, Field(max_length=1024)] = ""

    @model_validator(mode="after")
    def _has_no_duplicates(self) -> Self:
        found = duplicates(self.parsed(""))
        if found:
            first, again = found[0]
            raise ValueError(
                f"rows{again.id} has the {again.party} original {again.original.text!r}"
                f" of rows{first.id}"
            )
        return self

    def parsed(self, document: str) -> list[TransformRow]:
        """Return every row in order; ids are `document[place]`."""
        return [
            row for place, spec in enumerate(self.rows) for row in spec.rows(f"{document}[{place}]")
        ]
