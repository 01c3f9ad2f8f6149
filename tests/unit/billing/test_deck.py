"""BIL-01: which rate serves a number."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_billing.errors import BadNumber, BadRate, RateNotFound
from trunkline_billing.rating.deck import Rate, RateDeck, parse_number, start_of
from trunkline_billing.rating.tariff import Tariff

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def rate(
    prefix: str, fee: str = "0.1", *, locked: bool = False, valid_from: datetime | None = None
) -> Rate:
    return Rate(prefix, Tariff(Decimal(fee), MINUTE), locked=locked, valid_from=valid_from)


def test_bil_01_the_longest_prefix_wins() -> None:
    deck = RateDeck("retail", [rate("86"), rate("8613")])

    assert deck.find("8613812345678", NOW).prefix == "8613"
    assert deck.find("8621", NOW).prefix == "86"


def test_bil_01_a_locked_rate_refuses_and_hides_the_shorter_prefix() -> None:
    deck = RateDeck("retail", [rate("86"), rate("8613", locked=True)])

    with pytest.raises(RateNotFound, match="rate group retail locks 8613"):
        deck.find("8613812345678", NOW)


def test_bil_01_a_number_without_a_prefix_has_no_rate() -> None:
    deck = RateDeck("retail", [rate("86")])

    with pytest.raises(RateNotFound, match="rate group retail has no rate for 4477"):
        deck.find("4477", NOW)


def test_bil_01_a_number_shorter_than_the_prefix_has_no_rate() -> None:
    with pytest.raises(RateNotFound):
        RateDeck("retail", [rate("8613")]).find("861", NOW)


def test_bil_01_the_newest_version_in_force_applies() -> None:
    later = NOW + MINUTE
    deck = RateDeck(
        "retail", [rate("86", "0.3", valid_from=later), rate("86", "0.1"), rate("86", "0.2")]
    )

    assert deck.find("86", NOW).tariff.fee == Decimal("0.2")
    assert deck.find("86", later).tariff.fee == Decimal("0.3")


def test_bil_01_a_prefix_not_yet_in_force_leaves_the_shorter_one() -> None:
    deck = RateDeck("retail", [rate("8"), rate("86", valid_from=NOW + MINUTE)])

    assert deck.find("861", NOW).prefix == "8"


PREFIXES = st.text("12*", min_size=1, max_size=6)
STARTS = st.sampled_from([None, NOW - MINUTE, NOW, NOW + MINUTE])


@given(st.lists(st.tuples(PREFIXES, STARTS)), st.text("12*", min_size=1, max_size=8))
def test_bil_01_a_packed_deck_finds_what_a_look_at_every_rate_does(
    keys: list[tuple[str, datetime | None]], number: str
) -> None:
    rates = {key: rate(key[0], valid_from=key[1]) for key in keys}
    serving = [
        one
        for one in rates.values()
        if number.startswith(one.prefix) and start(one) <= start_of(NOW)
    ]
    expected = max(serving, key=lambda one: (len(one.prefix), start(one)), default=None)

    assert found(RateDeck("retail", rates.values()), number) == expected


@given(st.lists(st.tuples(PREFIXES, STARTS)))
def test_a_deck_gives_back_every_rate_in_order(keys: list[tuple[str, datetime | None]]) -> None:
    rates = [rate(prefix, valid_from=valid_from) for prefix, valid_from in dict.fromkeys(keys)]

    deck = RateDeck("retail", rates)

    assert list(deck) == sorted(rates, key=lambda one: (one.prefix, start(one)))
    assert len(deck) == len(rates)


def start(one: Rate) -> int:
    return start_of(one.valid_from)


def found(deck: RateDeck, number: str) -> Rate | None:
    try:
        return deck.find(number, NOW)
    except RateNotFound:
        return None


@pytest.mark.parametrize("prefix", ["", "+44", "44x", "4" * 33])
def test_bil_01_a_prefix_that_is_no_digits_is_rejected(prefix: str) -> None:
    with pytest.raises(BadRate, match="prefix"):
        rate(prefix)


def test_a_number_loses_its_plus_and_nothing_else() -> None:
    assert parse_number("+447700900123") == "447700900123"
    with pytest.raises(BadNumber, match="'alice'"):
        parse_number("alice")
