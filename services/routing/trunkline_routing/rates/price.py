"""A price of BIL-01 and the figures by which prices are compared (RTE-16 to RTE-19).

Billing alone turns prices into money; here they only order and exclude candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Final

_PLACES: Final = Decimal("1e-10")
_MINUTE: Final = 60


@dataclass(frozen=True)
class Price:
    """Fee for every period begun, in units of 1/divisor of the currency, behind a first section."""

    fee: Decimal
    period: int
    """Seconds, at least 1."""
    divisor: int = 1
    section_fee: Decimal | None = None
    """Fee of the first section, when there is one."""
    section_seconds: int = 0
    locked: bool = False
    """A locked rate matches and refuses."""
    level: int = 5
    """Permission it demands: 1 network, 2 local, 4 domestic, 5 international (AUT-19)."""

    @cached_property
    def per_second(self) -> Decimal:
        """Fee by the second, to ten places (RTE-17)."""
        return _quotient(self.fee, self.divisor * self.period)

    @cached_property
    def per_minute(self) -> Decimal:
        """Fee of the whole periods that a minute begins (RTE-17, off)."""
        return _quotient(self.fee * -(-_MINUTE // self.period), self.divisor)

    @cached_property
    def rank_by_second(self) -> int:
        """`per_second` as an integer, to sort by."""
        return _rank(self.per_second)

    @cached_property
    def rank_by_minute(self) -> int:
        """`per_minute` spread over its seconds, to be sorted among the others."""
        return _rank(_quotient(self.per_minute, _MINUTE))

    @cached_property
    def first_per_second(self) -> Decimal:
        """Price by the second of what is sold first, which profit is measured by (RTE-18)."""
        if self.section_fee is None:
            return self.per_second
        return _quotient(self.section_fee, self.divisor * self.section_seconds)


def _quotient(dividend: Decimal, divisor: int) -> Decimal:
    return (dividend / divisor).quantize(_PLACES, ROUND_HALF_UP)


def _rank(price: Decimal) -> int:
    return int(price / _PLACES)
