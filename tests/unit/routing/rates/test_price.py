"""By which figures prices are compared (RTE-16 to RTE-18)."""

from __future__ import annotations

from decimal import Decimal

from trunkline_routing.rates.price import Price


def test_prices_are_compared_exactly_by_the_second() -> None:
    """RTE-17, acceptance, on."""
    a, b = Price(Decimal("0.060"), 60), Price(Decimal("0.0069"), 7)

    assert a.per_second == Decimal("0.001000")
    assert b.per_second == Decimal("0.0009857143")
    assert b.per_second < a.per_second


def test_prices_are_compared_by_whole_periods_of_a_minute() -> None:
    """RTE-17, acceptance, off."""
    a, b = Price(Decimal("0.060"), 60), Price(Decimal("0.0069"), 7)

    assert a.per_minute == Decimal("0.060")
    assert b.per_minute == Decimal("0.0621")
    assert a.rank_by_minute < b.rank_by_minute


def test_a_price_a_minute_charged_by_the_second_stays_exact() -> None:
    price = Price(Decimal("0.0120"), 1, divisor=60)

    assert price.per_minute == Decimal("0.0120")
    assert price.per_second == Decimal("0.0002")


def test_profit_is_measured_by_the_first_section() -> None:
    price = Price(Decimal("0.01"), 1, section_fee=Decimal("3"), section_seconds=60)

    assert price.first_per_second == Decimal("0.05")
