"""Replication topic `rates` (protos/trunkline/billing/v1/rates.proto): accounts and decks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from trunkline.billing.v1 import rates_pb2 as pb
from trunkline_kernel.replication import MemorySource

from ..accounts.account import Account
from ..rating.columns import ALWAYS, Columns
from ..rating.deck import Price, RateDeck

TOPIC: Final = "rates"
STEP: Final = 50
"""Chunks that are published at once."""
SECOND: Final = timedelta(seconds=1)


class RatesTopic:
    """Publishes accounts and decks; equal chunks are not sent again."""

    def __init__(self, source: MemorySource) -> None:
        self._source = source
        self._chunks: defaultdict[str, set[str]] = defaultdict(set)

    def account(self, name: str, account: Account | None) -> None:
        """Publish an account, or that it is gone."""
        key = f"account/{name}"
        if account is None:
            self._source.delete(key)
            return
        terms = pb.AccountTerms(rate_group=account.rate_group or "", currency=account.currency)
        self._source.put(key, pb.RatesEntry(account=terms).SerializeToString())

    def chunks(self, deck: RateDeck | None) -> dict[str, bytes]:
        """Return a deck's entries by the digits they begin with; none for one that is gone."""
        if deck is None:
            return {}
        prices = [_price(price) for price in deck.prices]
        return {
            digits: pb.RatesEntry(chunk=encode_chunk(columns, prices)).SerializeToString()
            for digits, columns in deck.columns.items()
        }

    def deck(self, name: str, chunks: Mapping[str, bytes]) -> Iterator[None]:
        """Publish a deck's chunks, and that those of before which are not among them are gone.

        A large deck is megabytes: whoever goes through the steps may do something else in between.
        """
        keys = {f"deck/{name}/{digits}" for digits in chunks}
        for key in self._chunks[name] - keys:
            self._source.delete(key)
        self._chunks[name] |= keys
        for count, (digits, entry) in enumerate(chunks.items(), 1):
            self._source.put(f"deck/{name}/{digits}", entry)
            if not count % STEP:
                yield
        self._chunks[name] = keys


def encode_chunk(columns: Columns, prices: Sequence[pb.RatePrice]) -> pb.RateChunk:
    """Return rates in the contract's columns, with those of `prices` that they have."""
    prefixes, starts, used = zip(*columns, strict=True)
    indexes = {price: index for index, price in enumerate(dict.fromkeys(used))}
    seconds = [0 if start == ALWAYS else start // 1_000_000 for start in starts]
    return pb.RateChunk(
        prefixes=" ".join(prefixes),
        price_indexes=map(indexes.__getitem__, used),
        valid_from_seconds=seconds if any(seconds) else (),
        prices=map(prices.__getitem__, indexes),
    )


def _price(price: Price) -> pb.RatePrice:
    tariff = price.tariff
    return pb.RatePrice(
        fee=format(tariff.fee, "f"),
        period_seconds=tariff.period // SECOND,
        divisor=tariff.divisor,
        sections=[
            pb.RateSection(fee=format(one.fee, "f"), seconds=one.time // SECOND)
            for one in tariff.sections
        ],
        locked=price.locked,
        level=price.level,
    )
