"""Decks follow the topic `rates`."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from support.routing import NOON
from trunkline.billing.v1.rates_pb2 import (
    AccountTerms,
    RateChunk,
    RatePrice,
    RateSection,
    RatesEntry,
)
from trunkline_routing.rates.book import RateBook
from trunkline_routing.rates.deck import encode
from trunkline_routing.rates.replicated import ReplicatedRates

CHEAP = RatePrice(fee="0.01", period_seconds=60, divisor=1)
DEAR = RatePrice(fee="0.9", period_seconds=60, divisor=1)


class Rates:
    """The read side with a clock of its own; keeps what was published."""

    def __init__(self) -> None:
        self.now = NOON
        self.book = RateBook()
        self.published = 0
        self.rates = ReplicatedRates(self._publish, self._clock)

    def _publish(self, book: RateBook) -> None:
        self.book = book
        self.published += 1

    def _clock(self) -> datetime:
        return self.now

    async def put(self, key: str, entry: RatesEntry) -> None:
        self.rates.put(key, entry.SerializeToString())
        await self.rates.build()

    def per_minute(self, number: str) -> Decimal | None:
        rate = self.book.rate("acme", encode(number))
        return rate.price.per_minute if rate else None


async def with_account() -> Rates:
    rates = Rates()
    terms = AccountTerms(rate_group="gold/1", currency="USD")
    await rates.put("account/acme", RatesEntry(account=terms))
    return rates


def chunk(prefixes: str, indexes: list[int], starts: list[datetime] | None = None) -> RatesEntry:
    return RatesEntry(
        chunk=RateChunk(
            prefixes=prefixes,
            price_indexes=indexes,
            valid_from_seconds=[int(start.timestamp()) for start in starts or []],
            prices=[CHEAP, DEAR],
        )
    )


async def test_a_group_is_the_union_of_its_chunks() -> None:
    rates = await with_account()
    await rates.put("deck/gold/1/44", chunk("44 447", [0, 1]))
    await rates.put("deck/gold/1/1", chunk("1", [1]))

    assert rates.per_minute("442071") == Decimal("0.01")
    assert rates.per_minute("447000") == Decimal("0.9")
    assert rates.per_minute("12") == Decimal("0.9")
    assert rates.rates.size == 3


async def test_a_changed_chunk_replaces_what_it_was() -> None:
    rates = await with_account()
    await rates.put("deck/gold/1/44", chunk("44 447", [0, 1]))
    await rates.put("deck/gold/1/44", chunk("44", [1]))

    assert rates.per_minute("447000") == Decimal("0.9")


async def test_a_deleted_chunk_takes_its_rates_with_it() -> None:
    rates = await with_account()
    await rates.put("deck/gold/1/44", chunk("44", [0]))
    rates.rates.delete("deck/gold/1/44")
    await rates.rates.build()

    assert rates.per_minute("442071") is None
    assert rates.rates.size == 0


async def test_an_account_that_is_gone_has_no_rates() -> None:
    rates = await with_account()
    await rates.put("deck/gold/1/44", chunk("44", [0]))
    rates.rates.delete("account/acme")
    await rates.rates.build()

    assert rates.per_minute("442071") is None


async def test_a_version_comes_into_force_at_its_time() -> None:
    rates = await with_account()
    tomorrow = NOON + timedelta(days=1)
    await rates.put("deck/gold/1/44", chunk("44 44", [0, 1], [NOON, tomorrow]))
    assert rates.per_minute("442071") == Decimal("0.01")

    rates.now = tomorrow
    await rates.rates.build()
    assert rates.per_minute("442071") == Decimal("0.9")


async def test_nothing_is_published_when_nothing_changed() -> None:
    rates = await with_account()
    published = rates.published
    await rates.rates.build()

    assert rates.published == published


async def test_the_first_section_is_kept() -> None:
    rates = await with_account()
    price = RatePrice(
        fee="0.012", period_seconds=1, divisor=60, sections=[RateSection(fee="0.72", seconds=60)]
    )
    entry = RatesEntry(chunk=RateChunk(prefixes="44", price_indexes=[0], prices=[price]))
    await rates.put("deck/gold/1/44", entry)
    rate = rates.book.rate("acme", encode("44"))

    assert rate is not None
    assert rate.price.first_per_second == Decimal("0.0002")


async def test_rates_that_cannot_be_read_leave_the_ones_before() -> None:
    rates = await with_account()
    await rates.put("deck/gold/1/44", chunk("44", [0]))
    await rates.put("deck/gold/1/44", chunk("44 x", [1, 1]))

    assert rates.per_minute("442071") == Decimal("0.01")


@pytest.mark.parametrize("key", ["", "account/", "deck/gold", "rates/gold/44"])
def test_a_key_that_means_nothing_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no key of the topic"):
        Rates().rates.put(key, b"")
