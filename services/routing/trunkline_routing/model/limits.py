"""Limits of cost and profit of one side, and how two sides' limits join (RTE-18, RTE-19)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from ..documents.profit import ProfitLimits


class Limits(NamedTuple):
    """What excludes a gateway; nothing excludes none."""

    profit_per_second: Decimal | None
    profit_percent: Decimal | None
    cost_per_minute: Decimal | None

    @property
    def concern_profit(self) -> bool:
        """Whether the caller's price is needed to tell."""
        return self.profit_per_second is not None or self.profit_percent is not None


def compile_limits(spec: ProfitLimits) -> Limits | None:
    """Return the limits of one side, or nothing when it sets none."""
    limits = Limits(spec.min_profit_per_second, spec.min_profit_percent, spec.max_cost_per_minute)
    return None if limits == (None, None, None) else limits


def stricter(one: Limits | None, other: Limits | None) -> Limits | None:
    """Return what both sides ask for: the higher profit, the lower cost."""
    if one is None or other is None:
        return other if one is None else one
    return Limits(
        _choose(max, one.profit_per_second, other.profit_per_second),
        _choose(max, one.profit_percent, other.profit_percent),
        _choose(min, one.cost_per_minute, other.cost_per_minute),
    )


def _choose(
    choose: Callable[[Decimal, Decimal], Decimal], one: Decimal | None, other: Decimal | None
) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return choose(one, other)
