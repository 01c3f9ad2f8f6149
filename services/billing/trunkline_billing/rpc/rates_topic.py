"""Replication topic `rates` (protos/trunkline/billing/v1/rates.proto): accounts and decks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from trunkline.billing.v1 import rates_pb2 as pb
from trunkline_kernel.replication import MemorySource

from ..accounts.account import Account
from ..rating.deck import CallLevel, Rate, RateDeck
from ..rating.tariff import Tariff

TOPIC: Final = "rates"
CHUNK_DIGITS: Final = 3
"""Leading digits that the rates of a chunk share: at most some 1,100 chunks to a deck."""
SECOND: Final = timedelta(seconds=1)

Price = tuple[Tariff, bool, CallLevel]


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
        return {
            digits: pb.RatesEntry(chunk=encode_chunk(rates)).SerializeToString()
            for digits, rates in (chunks_of(deck) if deck is not None else {}).items()
        }

    def deck(self, name: str, chunks: Mapping[str, bytes]) -> None:
        """Publish a deck's chunks, and that those of before which are not among them are gone."""
        keys = {f"deck/{name}/{digits}" for digits in chunks}
        for key in self._chunks[name] - keys:
            self._source.delete(key)
        for digits, entry in chunks.items():
            self._source.put(f"deck/{name}/{digits}", entry)
        self._chunks[name] = keys


def chunks_of(deck: RateDeck) -> dict[str, list[Rate]]:
    """Return a deck's rates by their leading digits."""
    chunks: defaultdict[str, list[Rate]] = defaultdict(list)
    for rate in deck:
        chunks[rate.prefix[:CHUNK_DIGITS]].append(rate)
    return dict(chunks)


def encode_chunk(rates: Iterable[Rate]) -> pb.RateChunk:
    """Return rates as columns, in the order of their prefixes, oldest version first."""
    ordered = sorted(rates, key=lambda rate: (rate.prefix, _start(rate)))
    indexes: dict[Price, int] = {}
    column = [
        indexes.setdefault((rate.tariff, rate.locked, rate.level), len(indexes)) for rate in ordered
    ]
    starts = [_start(rate) for rate in ordered]
    return pb.RateChunk(
        prefixes=" ".join(rate.prefix for rate in ordered),
        price_indexes=column,
        valid_from_seconds=starts if any(starts) else (),
        prices=[_price(*price) for price in indexes],
    )


def _start(rate: Rate) -> int:
    return int(rate.valid_from.timestamp()) if rate.valid_from is not None else 0


def _price(tariff: Tariff, locked: bool, level: CallLevel) -> pb.RatePrice:
    return pb.RatePrice(
        fee=format(tariff.fee, "f"),
        period_seconds=tariff.period // SECOND,
        divisor=tariff.divisor,
        sections=[
            pb.RateSection(fee=format(one.fee, "f"), seconds=one.time // SECOND)
            for one in tariff.sections
        ],
        locked=locked,
        level=level,
    )
