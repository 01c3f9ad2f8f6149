"""What a candidate may cost against what the caller pays (RTE-18, RTE-19)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Spec

from .fields import Price


class ProfitLimits(Spec):
    """Limits that exclude a routing gateway; an unset one excludes none.

    Set at the caller's side they hold for all gateways; of two limits the stricter wins.
    """

    min_profit_per_second: (
        Annotated[Decimal, Field(max_digits=24, decimal_places=10, allow_inf_nan=False)] | None
    ) = None
    """Money; negative allows a loss of as much."""
    min_profit_percent: (
        Annotated[Decimal, Field(ge=-10000, le=10000, decimal_places=4, allow_inf_nan=False)] | None
    ) = None
    max_cost_per_minute: Price | None = None
