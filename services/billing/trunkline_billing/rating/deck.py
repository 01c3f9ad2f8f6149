"""Rate decks: which rate of a rate group serves a number at a moment (BIL-01).

The longest prefix with a version in force wins. A locked rate wins too, and refuses. A deck never
changes: another one takes its place.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final, NamedTuple, Self

from ..errors import BadNumber, BadRate, RateNotFound
from ..money import Currency
from .columns import ALWAYS, Columns, Row
from .tariff import Tariff

PREFIX: Final = re.compile(r"[0-9*#]{1,32}")
"""What rates are found by: dialled digits, without a plus sign."""

LEADING: Final = 3
"""Digits that the rates of a deck's columns share: some 1,100 columns at most."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CallLevel(IntEnum):
    """Permission level a rate demands (AUT-19)."""

    NETWORK = 1
    LOCAL = 2
    DOMESTIC = 4
    INTERNATIONAL = 5


def parse_number(text: str) -> str:
    """Return `text` as digits that can be rated, its leading plus removed; raise `BadNumber`."""
    digits = text.removeprefix("+")
    if not PREFIX.fullmatch(digits):
        raise BadNumber(f"number {text!r}: expected 1 to 32 digits, '*' or '#'")
    return digits


class Ivr(NamedTuple):
    """What an IVR would cost: kept, and charged to nobody (BIL-01, MGT-16)."""

    fee: Decimal | None = None
    """Of one period."""
    period: timedelta | None = None


NO_IVR: Final = Ivr()


@dataclass(frozen=True, slots=True)
class Rate:
    """What one prefix costs from a moment on."""

    prefix: str
    tariff: Tariff
    level: CallLevel = CallLevel.INTERNATIONAL
    locked: bool = False
    """Whether the prefix is refused instead of sold."""
    valid_from: datetime | None = None
    """When this version comes into force. None: always was."""
    area: str = ""
    """Name of the destination, for people."""
    ivr: Ivr = NO_IVR

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise BadRate(f"prefix {self.prefix!r}: expected 1 to 32 digits, '*' or '#'")


class Price(NamedTuple):
    """What rates have in common: a deck has many prefixes and few prices."""

    tariff: Tariff
    level: CallLevel
    locked: bool
    area: str
    ivr: Ivr = NO_IVR


class RateDeck:
    """The rates of one rate group, in memory."""

    def __init__(
        self,
        name: str,
        rates: Iterable[Rate] = (),
        currency: Currency | None = None,
        generation: int = 0,
    ) -> None:
        """Of rates with equal prefix and start the last one counts."""
        gathered = Gathering()
        for rate in rates:
            gathered.put(rate)
        self._hold(name, gathered.prices, gathered.columns(), currency, generation)

    @classmethod
    def packed(
        cls,
        name: str,
        prices: Sequence[Price],
        columns: Mapping[str, Columns],
        currency: Currency | None = None,
        generation: int = 0,
    ) -> Self:
        """Return a deck of columns by their leading digits."""
        deck = cls.__new__(cls)
        deck._hold(name, prices, columns, currency, generation)
        return deck

    def _hold(
        self,
        name: str,
        prices: Sequence[Price],
        columns: Mapping[str, Columns],
        currency: Currency | None,
        generation: int,
    ) -> None:
        self.name = name
        self.currency = currency
        """Currency of its prices. None: that of whoever is charged by it."""
        self.generation = generation
        """Which of the group's decks in the database it is. Zero: none."""
        self.prices = prices
        self.columns = columns

    def __len__(self) -> int:
        return sum(map(len, self.columns.values()))

    def __iter__(self) -> Iterator[Rate]:
        """Yield the rates by prefix, of one prefix's versions the oldest first."""
        for digits in sorted(self.columns):
            for row in self.columns[digits]:
                yield rate_of(row, self.prices)

    def find(self, number: str, moment: datetime) -> Rate:
        """Return the rate of `number` for a call that begins at `moment`.

        Raises `RateNotFound` when no version is in force or the longest prefix is locked.
        """
        for length in range(min(LEADING, len(number)), 0, -1):
            columns = self.columns.get(number[:length])
            for row in columns.serving(number) if columns else ():
                if row[1] == ALWAYS or row[1] <= start_of(moment):
                    return self._sold(rate_of(row, self.prices), number)
        raise RateNotFound(f"rate group {self.name} has no rate for {number}")

    def _sold(self, rate: Rate, number: str) -> Rate:
        if rate.locked:
            raise RateNotFound(f"rate group {self.name} locks {rate.prefix}, which serves {number}")
        return rate


class Gathering:
    """Rates on their way into a deck."""

    def __init__(self) -> None:
        self._indexes: dict[Price, int] = {}
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)

    @property
    def prices(self) -> list[Price]:
        """Every price once."""
        return list(self._indexes)

    def put(self, rate: Rate) -> None:
        """Add a rate."""
        price = Price(rate.tariff, rate.level, rate.locked, rate.area, rate.ivr)
        index = self._indexes.setdefault(price, len(self._indexes))
        row = (rate.prefix, start_of(rate.valid_from), index)
        self._rows[rate.prefix[:LEADING]].append(row)

    def columns(self) -> dict[str, Columns]:
        """Pack the rates by their leading digits, and keep none."""
        return {digits: Columns(self._rows.pop(digits)) for digits in sorted(self._rows)}


def rate_of(row: Row, prices: Sequence[Price]) -> Rate:
    """Return a row of a deck's columns as a rate."""
    prefix, start, index = row
    tariff, level, locked, area, ivr = prices[index]
    return Rate(prefix, tariff, level, locked, moment_of(start), area, ivr)


def start_of(moment: datetime | None) -> int:
    """Return a moment as columns keep it."""
    return ALWAYS if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(start: int) -> datetime | None:
    """Return what `start_of` made."""
    return None if start == ALWAYS else EPOCH + timedelta(microseconds=start)
