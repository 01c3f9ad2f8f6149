"""RouteTest: what must become of a call, checked before any change to routing is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator
from trunkline_kernel.documents import Ref, Spec

from ..calls.refusals import EndReason
from ..candidates.reasons import Excluded
from .fields import Name, Price


class TestedCall(Spec):
    """The call that is thought of."""

    mapping_gateway: Annotated[Name | None, Ref("MappingGateway")] = None
    phone: Annotated[Name | None, Ref("Phone")] = None
    caller: Annotated[str, Field(max_length=64)] = ""
    callee: Annotated[str, Field(min_length=1, max_length=64)]
    time: AwareDatetime | None = None
    """When it arrives, with its zone; unset: whenever the check is made."""

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Self:
        if (self.mapping_gateway is None) == (self.phone is None):
            raise ValueError("expected mappingGateway or phone, one of them")
        return self

    def moment(self, now: datetime) -> datetime:
        """Return when the call arrives."""
        return self.time or now


class Expectation(Spec):
    """What must hold, whatever chance decides; what is unset is not looked at."""

    candidates: Annotated[tuple[Name, ...] | None, Ref("RoutingGateway")] = None
    """All candidates, in their order."""
    first: Annotated[Name | None, Ref("RoutingGateway")] = None
    excluded: dict[Name, Excluded] = Field(default_factory=dict)
    """Gateways that must be out, and for what."""
    refused: EndReason | None = None
    """The call must be refused for this."""
    caller: str | None = None
    """Caller as the first candidate gets it."""
    callee: str | None = None
    """Callee as the first candidate gets it."""
    billed_callee: str | None = None
    account: Name | None = None
    cost_at_most: Price | None = None
    """A minute at the first candidate."""

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expected at least one expectation")
        return self


class RouteTestSpec(Spec):
    """One call and what must become of it."""

    call: TestedCall
    expect: Expectation
    memo: Annotated[str, Field(max_length=1024)] = ""
