"""Replication topic `rates`: what routing gets to know of accounts and decks."""

from datetime import UTC, datetime
from decimal import Decimal

from support.billing import account, deck, rate
from trunkline.billing.v1 import rates_pb2 as pb
from trunkline_billing.rating.deck import RateDeck
from trunkline_billing.rpc.rates_topic import RatesTopic
from trunkline_kernel.replication import MemorySource


def read(source: MemorySource) -> dict[str, pb.RatesEntry]:
    return {entry.key: pb.RatesEntry.FromString(entry.value) for entry in source.snapshot()}


def publish(topic: RatesTopic, rates: RateDeck) -> None:
    for _ in topic.deck(rates.name, topic.chunks(rates)):
        pass


def test_an_account_names_its_rate_group_and_currency() -> None:
    source = MemorySource()

    RatesTopic(source).account("acme", account())

    terms = read(source)["account/acme"].account
    assert (terms.rate_group, terms.currency) == ("retail", "USD")


def test_rates_travel_in_columns_by_their_leading_digits() -> None:
    source = MemorySource()
    later = datetime(2027, 1, 1, tzinfo=UTC)
    rates = [
        rate("447", "0.3"),
        rate("4471", "0.1"),
        rate("4471", "0.2", valid_from=later),
        rate("33", "0.1", locked=True),
    ]

    publish(RatesTopic(source), RateDeck("retail", rates))

    entries = read(source)
    assert sorted(entries) == ["deck/retail/33", "deck/retail/447"]
    chunk = entries["deck/retail/447"].chunk
    assert chunk.prefixes == "447 4471 4471"
    assert [chunk.prices[index].fee for index in chunk.price_indexes] == ["0.3", "0.1", "0.2"]
    assert list(chunk.valid_from_seconds) == [0, 0, int(later.timestamp())]
    assert entries["deck/retail/33"].chunk.prices[0].locked


def test_only_chunks_that_changed_travel_again() -> None:
    source = MemorySource()
    topic = RatesTopic(source)
    publish(topic, deck("retail", p447="0.1", p331="0.1", p551="0.1"))
    before = source.revision

    publish(topic, deck("retail", p447="0.2", p331="0.1"))

    changes = source.changes_since(before) or []
    assert {entry.key: entry.deleted for entry in changes} == {
        "deck/retail/447": False,
        "deck/retail/551": True,
    }


def test_a_price_travels_in_its_own_terms() -> None:
    source = MemorySource()

    publish(RatesTopic(source), RateDeck("retail", [rate("44", "0.60")]))

    price = read(source)["deck/retail/44"].chunk.prices[0]
    assert (Decimal(price.fee), price.period_seconds, price.divisor) == (Decimal("0.60"), 60, 1)
