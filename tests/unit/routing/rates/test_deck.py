"""The flattened deck finds what trying every prefix finds (BIL-01: the longest prefix wins)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_routing.rates.book import RateBook, Tariff
from trunkline_routing.rates.deck import Deck, encode
from trunkline_routing.rates.price import Price

PRICES = [Price(Decimal(cents) / 100, 60) for cents in range(50)]
digits = st.text("0123456789*#", max_size=17)
few_digits = st.text("01*", max_size=6)


def deck(*prefixes: str) -> Deck:
    return Deck(((prefix, index) for index, prefix in enumerate(prefixes)), PRICES)


def found(rates: Deck, number: str) -> Price | None:
    hit = rates.find(encode(number))
    return hit[1] if hit else None


def test_the_longest_prefix_wins() -> None:
    rates = deck("86", "8613", "1")

    assert found(rates, "8613800") == PRICES[1]
    assert found(rates, "8612800") == PRICES[0]
    assert found(rates, "44") is None


def test_a_number_shorter_than_a_prefix_does_not_match_it() -> None:
    rates = deck("440", "4")

    assert found(rates, "44") == PRICES[1]
    assert found(rates, "440") == PRICES[0]


@given(st.text("0123456789*#+", max_size=32))
def test_every_number_has_its_place(number: str) -> None:
    assert encode(number) == encode(number.replace("+", ""))


def test_an_empty_prefix_matches_every_number() -> None:
    rates = deck("", "9")

    assert found(rates, "") == PRICES[0]
    assert found(rates, "99") == PRICES[1]
    assert found(rates, "*31#") == PRICES[0]


@given(prefixes=st.lists(few_digits, max_size=40, unique=True), number=few_digits)
def test_the_deck_agrees_with_trying_every_prefix(prefixes: list[str], number: str) -> None:
    matching = [prefix for prefix in prefixes if number.startswith(prefix)]
    hit = deck(*prefixes).find(encode(number))

    assert (number[: hit[0]] if hit else None) == max(matching, key=len, default=None)


@given(number=digits, other=digits)
def test_numbers_keep_their_order_when_encoded(number: str, other: str) -> None:
    assert (encode(number) < encode(other)) == (number < other)


def test_a_prefix_of_other_characters_is_refused() -> None:
    with pytest.raises(ValueError, match="not a rate's prefix"):
        deck("44a")


def test_a_locked_rate_matches_and_refuses() -> None:
    """BIL-01: 8613 locked -> no rate, 86 is not used."""
    prices = [Price(Decimal(1), 60), Price(Decimal(1), 60, locked=True)]
    book = RateBook(
        {"acme": Tariff("retail", "USD")}, {"retail": Deck([("86", 0), ("8613", 1)], prices)}
    )

    assert book.rate("acme", encode("8613")) is None
    assert book.rate("acme", encode("8612")) is not None


@pytest.mark.parametrize("account", [None, "nobody"])
def test_an_account_without_a_rate_group_has_no_rate(account: str | None) -> None:
    assert RateBook({}, {}).rate(account, encode("86")) is None
