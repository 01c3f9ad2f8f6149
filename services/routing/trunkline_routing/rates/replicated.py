"""The topic `rates` of billing, turned into decks (protos/trunkline/billing/v1/rates.proto).

Chunks are kept as they came, which is compact, and a group's deck is built again when one of its
chunks changes or when a version of a rate comes into force. A large deck is built beside the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

import structlog
from trunkline.billing.v1.rates_pb2 import RateChunk, RatePrice, RatesEntry

from .book import RateBook, Tariff
from .deck import Deck
from .price import Price

log = structlog.stdlib.get_logger(__name__)

TOPIC: Final = "rates"

SETTLE: Final = 0.2
"""Seconds to wait for more chunks before decks are built: a change comes as several."""

RECHECK: Final = 1.0
"""Seconds between two looks at whether a version has come into force."""

UNSAID_LEVEL: Final = 5
"""International: what a rate demands that doesn't say."""

SMALL: Final = 20_000
"""Bytes of chunks whose deck is built in a few milliseconds, in the loop."""


@dataclass(slots=True)
class _Group:
    """A rate group as it came, and when its deck has to be built again."""

    chunks: dict[str, bytes] = field(default_factory=dict)
    changed: bool = True
    next_version: float | None = None


class ReplicatedRates:
    """Takes entries of the topic; hands out a new book whenever prices changed."""

    def __init__(self, publish: Callable[[RateBook], None], clock: Callable[[], datetime]) -> None:
        self._publish = publish
        self._clock = clock
        self._accounts: dict[str, Tariff] = {}
        self._groups: dict[str, _Group] = {}
        self._decks: dict[str, Deck] = {}
        self._changed = asyncio.Event()
        self._building = asyncio.Lock()

    @property
    def size(self) -> int:
        """Return how many rates are known."""
        return sum(deck.size for deck in self._decks.values())

    def put(self, key: str, value: bytes) -> None:
        """Take one entry. Raises `ValueError` for a key or a value that can't be read."""
        kind, name, chunk = _parse_key(key)
        if kind == "account":
            terms = RatesEntry.FromString(value).account
            self._accounts[name] = Tariff(terms.rate_group, terms.currency)
        else:
            group = self._groups.setdefault(name, _Group())
            group.chunks[chunk] = value
            group.changed = True
        self._changed.set()

    def delete(self, key: str) -> None:
        """Forget one entry."""
        kind, name, chunk = _parse_key(key)
        if kind == "account":
            self._accounts.pop(name, None)
        elif group := self._groups.get(name):
            group.chunks.pop(chunk, None)
            group.changed = True
        self._changed.set()

    async def keep_built(self) -> None:
        """Build decks as their chunks change. Never returns."""
        while True:
            try:
                await asyncio.wait_for(self._changed.wait(), RECHECK)
                await asyncio.sleep(SETTLE)
            except TimeoutError:
                pass
            await self.build()

    async def build(self) -> None:
        """Build every deck that is not up to date, and publish the book if anything changed."""
        async with self._building:
            await self._build_due()

    async def _build_due(self) -> None:
        now = self._clock().timestamp()
        due = {name: group for name, group in self._groups.items() if _is_due(group, now)}
        if not due and not self._changed.is_set():
            return
        self._changed.clear()
        for name, group in due.items():
            group.changed = False
            try:
                self._decks[name], group.next_version = await _build(group, now)
            except ValueError as error:
                log.error(
                    "rates are unreadable, the ones before stay", group=name, error=str(error)
                )
            if not group.chunks:
                del self._groups[name]
                self._decks.pop(name, None)
        self._publish(RateBook(dict(self._accounts), dict(self._decks)))


async def _build(group: _Group, now: float) -> tuple[Deck, float | None]:
    chunks = list(group.chunks.values())
    if sum(map(len, chunks)) < SMALL:
        return build_deck(chunks, now)
    return await asyncio.to_thread(build_deck, chunks, now)


def build_deck(chunks: list[bytes], now: float) -> tuple[Deck, float | None]:
    """Return the deck in force at `now`, and when the next version of a rate comes into force."""
    prices: dict[bytes, int] = {}
    upcoming: list[float] = []
    rates = [rate for chunk in chunks for rate in _rates(chunk, now, prices, upcoming)]
    return Deck(rates, list(map(_price, prices))), min(upcoming, default=None)


def _rates(
    chunk: bytes, now: float, prices: dict[bytes, int], upcoming: list[float]
) -> Iterator[tuple[str, int]]:
    """Yield each prefix in force with its price; of several versions the latest comes last."""
    columns = RatesEntry.FromString(chunk).chunk
    spelled = [price.SerializeToString() for price in columns.prices]
    indexes = [prices.setdefault(price, len(prices)) for price in spelled]
    starts = columns.valid_from_seconds or [0] * len(columns.price_indexes)
    prefixes = _prefixes(columns)
    for prefix, index, start in zip(prefixes, columns.price_indexes, starts, strict=True):
        if start <= now:
            yield prefix, indexes[index]
        else:
            upcoming.append(start)


def _prefixes(columns: RateChunk) -> list[str]:
    return columns.prefixes.split(" ") if columns.price_indexes else []


@lru_cache(maxsize=65_536)
def _price(spelled: bytes) -> Price:
    """Return one object for all rates of one price, in whatever deck."""
    price = RatePrice.FromString(spelled)
    section = price.sections[0] if price.sections else None
    return Price(
        fee=Decimal(price.fee),
        period=price.period_seconds,
        divisor=price.divisor,
        section_fee=Decimal(section.fee) if section else None,
        section_seconds=section.seconds if section else 0,
        locked=price.locked,
        level=price.level or UNSAID_LEVEL,
    )


def _parse_key(key: str) -> tuple[str, str, str]:
    kind, _, rest = key.partition("/")
    if kind == "account" and rest:
        return kind, rest, ""
    group, slash, chunk = rest.rpartition("/")
    if kind == "deck" and slash:
        return kind, group, chunk
    raise ValueError(f"{key!r} is no key of the topic rates")


def _is_due(group: _Group, now: float) -> bool:
    return group.changed or (group.next_version is not None and group.next_version <= now)
