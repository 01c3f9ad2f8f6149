"""BIL-02 and BIL-05: from milliseconds to money and back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_billing.errors import BadRate
from trunkline_billing.money import Rounding
from trunkline_billing.rating.tariff import (
    Charge,
    RatingRules,
    Section,
    Tariff,
    hold_time,
    longest_talk,
    per_minute,
    rate_call,
)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def tariff(fee: str, period: int, *sections: tuple[str, int], divisor: int = 1) -> Tariff:
    stretches = tuple(Section(Decimal(cost), seconds(time)) for cost, time in sections)
    return Tariff(Decimal(fee), seconds(period), stretches, divisor)


PLAIN = RatingRules()
FINE = Rounding(precision=12)

fees = st.decimals("0", "100", places=6)
whole_seconds = st.integers(1, 3600).map(seconds)
talks = st.integers(0, 20_000_000).map(lambda ms: timedelta(milliseconds=ms))
tariffs = st.builds(
    Tariff,
    fees,
    whole_seconds,
    st.lists(st.builds(Section, fees, whole_seconds), max_size=3).map(tuple),
    st.sampled_from([1, 60]),
)
rules = st.builds(
    RatingRules,
    st.integers(0, 999).map(lambda ms: timedelta(milliseconds=ms)),
    st.integers(0, 3600).map(seconds),
    st.builds(Rounding, st.integers(0, 4), st.integers(1, 1000)),
)


@pytest.mark.parametrize(
    ("talk_ms", "held", "fee"),
    [(61_049, 61, "1.20"), (60_049, 60, "0.60"), (60_050, 61, "1.20"), (0, 0, "0.00")],
    ids=["61.049 s is 61 s", "60.049 s is 60 s", "60.050 s is 61 s", "never answered"],
)
def test_bil_02_a_fraction_counts_from_50_ms(talk_ms: int, held: int, fee: str) -> None:
    talk = timedelta(milliseconds=talk_ms)

    assert hold_time(talk, PLAIN.hold_time_precision) == seconds(held)
    assert rate_call(tariff(".6", 60), talk, PLAIN).fee == Decimal(fee)


@pytest.mark.parametrize(
    ("talk_ms", "held"),
    [(1, 1), (1000, 1), (1001, 2), (0, 0)],
    ids=["a fraction", "a whole second", "just over", "nothing"],
)
def test_bil_02_a_precision_of_0_rounds_every_fraction_up(talk_ms: int, held: int) -> None:
    assert hold_time(timedelta(milliseconds=talk_ms), seconds(0)) == seconds(held)


def test_bil_02_microseconds_do_not_reach_the_threshold_that_milliseconds_miss() -> None:
    assert hold_time(timedelta(microseconds=49_999), seconds(0.05)) == seconds(0)


def test_bil_02_a_call_of_the_free_time_costs_nothing() -> None:
    free = RatingRules(free_time=seconds(5))

    assert rate_call(tariff(".6", 60), seconds(5), free) == Charge(Decimal(0), seconds(0))
    assert rate_call(tariff(".6", 60), seconds(6), free).fee == Decimal("0.60")


def test_bil_02_a_period_of_6_s_charges_31_s_as_36() -> None:
    assert rate_call(tariff(".01", 6), seconds(31), PLAIN) == Charge(Decimal("0.06"), seconds(36))


def test_bil_02_sections_are_sold_whole_and_in_their_order() -> None:
    stepped = tariff(".10", 60, (".50", 30), (".20", 10))

    assert rate_call(stepped, seconds(1), PLAIN) == Charge(Decimal("0.50"), seconds(30))
    assert rate_call(stepped, seconds(31), PLAIN) == Charge(Decimal("0.70"), seconds(40))
    assert rate_call(stepped, seconds(41), PLAIN) == Charge(Decimal("0.80"), seconds(100))


def test_bil_02_package_time_goes_before_money() -> None:
    charge = rate_call(tariff(".6", 60), seconds(700), PLAIN, gift=seconds(600))

    assert charge == Charge(Decimal("1.20"), seconds(120), seconds(600))


def test_bil_02_fees_round_half_up_in_steps_of_the_fee_unit() -> None:
    nickels = RatingRules(rounding=Rounding(precision=2, unit=5))

    assert rate_call(tariff("0.025", 1), seconds(1), nickels).fee == Decimal("0.05")
    assert rate_call(tariff("0.024", 1), seconds(1), nickels).fee == Decimal("0.00")


def test_a_price_per_minute_by_the_second_is_exact() -> None:
    shorthand = per_minute(Decimal("0.0120"), seconds(60), seconds(1))
    exact = RatingRules(rounding=Rounding(precision=4))

    assert rate_call(shorthand, seconds(1), exact) == Charge(Decimal("0.0120"), seconds(60))
    assert rate_call(shorthand, seconds(61), exact) == Charge(Decimal("0.0122"), seconds(61))


def test_a_price_per_minute_with_no_decimal_price_per_second_is_exact() -> None:
    thirds = per_minute(Decimal("0.01"), seconds(10), seconds(1))

    assert rate_call(thirds, seconds(3600), RatingRules(rounding=Rounding(4))).fee == Decimal("0.6")


@pytest.mark.parametrize("fee", ["-0.01", "NaN", "Infinity", "0.0000000000001"])
def test_bil_01_a_fee_that_is_no_price_is_rejected(fee: str) -> None:
    with pytest.raises(BadRate, match="fee"):
        tariff(fee, 60)


@pytest.mark.parametrize("period", [0, -1, 1.5])
def test_bil_01_a_period_that_is_not_whole_seconds_is_rejected(period: float) -> None:
    with pytest.raises(BadRate, match="period"):
        Tariff(Decimal("0.1"), seconds(period))


@given(tariffs, talks, talks, rules)
def test_a_longer_call_never_costs_less(
    price: Tariff, one: timedelta, other: timedelta, current: RatingRules
) -> None:
    shorter, longer = sorted((one, other))

    assert rate_call(price, shorter, current).fee <= rate_call(price, longer, current).fee
    assert rate_call(price, shorter, current).fee_time <= rate_call(price, longer, current).fee_time


@given(tariffs, talks, rules)
def test_splitting_the_first_period_off_as_a_section_changes_nothing(
    price: Tariff, talk: timedelta, current: RatingRules
) -> None:
    first = Section(price.fee, price.period)
    split = Tariff(price.fee, price.period, (*price.sections, first), price.divisor)

    assert rate_call(split, talk, current) == rate_call(price, talk, current)


@given(fees, st.integers(1, 60), st.integers(1, 60), talks, rules)
def test_a_fee_per_period_is_the_same_as_its_price_per_minute(
    fee: Decimal, period: int, parts: int, talk: timedelta, current: RatingRules
) -> None:
    plain = Tariff(fee, seconds(period))
    scaled = Tariff(fee * parts, seconds(period), divisor=parts)

    assert rate_call(plain, talk, current) == rate_call(scaled, talk, current)


@given(tariffs, talks, rules)
def test_rounding_happens_once(price: Tariff, talk: timedelta, current: RatingRules) -> None:
    charged = rate_call(price, talk, current)
    exact = rate_call(price, talk, replace(current, rounding=FINE))

    assert abs(charged.fee - exact.fee) <= current.rounding.step / 2 + FINE.step
    assert charged.fee % current.rounding.step == 0


@given(tariffs, st.decimals("0", "1000", places=4), rules, st.integers(0, 600).map(seconds))
def test_bil_05_the_longest_talk_can_be_paid_and_a_second_more_cannot(
    price: Tariff, money: Decimal, current: RatingRules, gift: timedelta
) -> None:
    longest = longest_talk(price, money, current, gift)

    assert longest is None or rate_call(price, longest, current, gift).fee <= money
    assert (
        longest is None
        or rate_call(price, longest + current.free_time + seconds(1), current, gift).fee > money
    )


@pytest.mark.parametrize(
    ("money", "price", "expected"),
    [
        ("1.00", tariff(".10", 60), 600),
        (".05", tariff(".10", 60), 0),
        ("0", tariff("0", 60), None),
        ("-1", tariff(".10", 60), 0),
        (".60", tariff(".10", 60, (".50", 30)), 90),
        (".49", tariff("0", 60, (".50", 30)), 0),
    ],
    ids=["ten periods", "less than one", "free", "in debt", "a section first", "section too dear"],
)
def test_bil_05_available_time(money: str, price: Tariff, expected: int | None) -> None:
    available = longest_talk(price, Decimal(money), PLAIN)

    assert available == (None if expected is None else seconds(expected))


def test_bil_05_package_time_is_available_without_money() -> None:
    assert longest_talk(tariff(".10", 60), Decimal(0), PLAIN, gift=seconds(120)) == seconds(120)
