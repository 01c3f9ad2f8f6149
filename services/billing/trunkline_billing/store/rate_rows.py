"""Rates as rows."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Integer, String, cast, insert, type_coerce
from sqlalchemy.engine import Dialect

from ..rating.deck import CallLevel, Ivr, Price, Rate, RateDeck, moment_of
from ..rating.tariff import Section, Tariff
from .tables import RATES

SECOND: Final = timedelta(seconds=1)

PRICED: Final = (
    RATES.c.prefix,
    RATES.c.valid_from,
    cast(RATES.c.fee, String).label("fee"),
    type_coerce(RATES.c.period, Integer).label("period"),
    RATES.c.divisor,
    RATES.c.sections,
    RATES.c.level,
    RATES.c.locked,
    RATES.c.area,
    cast(RATES.c.ivr_fee, String).label("ivr_fee"),
    RATES.c.ivr_period,
)
"""What a rate is made of, prices as they are stored: equal ones are made into objects once."""


COLUMNS: Final = tuple(column for column in RATES.c if column.name != "id")


class RowWriter:
    """The rows of a deck as the database's driver takes them.

    What rates have in common is spelled once: a million rows through SQLAlchemy take ten seconds.
    """

    def __init__(self, dialect: Dialect, deck: RateDeck) -> None:
        names = [column.name for column in COLUMNS]
        statement = insert(RATES).inline().compile(dialect=dialect, column_keys=names)
        self.statement = statement.string
        self._deck = deck
        self._spell = {
            column.name: column.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
            for column in COLUMNS
        }

    def slices(self, size: int) -> Iterator[list[tuple[object, ...]]]:
        """Yield the rows, `size` at a time."""
        rows = self._rows()
        while part := list(islice(rows, size)):
            yield part

    def _rows(self) -> Iterator[tuple[object, ...]]:
        deck, spell_start = self._deck, self._spell["valid_from"]
        price = cache(lambda index: self._price(deck.prices[index]))
        for columns in deck.columns.values():
            for prefix, start, index in columns:
                since = spell_start(moment_of(start))
                yield (deck.name, deck.generation, prefix, since, *price(index))

    def _price(self, price: Price) -> tuple[object, ...]:
        tariff, spell = price.tariff, self._spell
        return (
            spell["fee"](tariff.fee),
            spell["period"](tariff.period),
            tariff.divisor,
            _spell_sections(tariff.sections),
            price.level.value,
            spell["locked"](price.locked),
            price.area,
            spell["ivr_fee"](price.ivr.fee),
            spell["ivr_period"](price.ivr.period),
        )


def _as_it_is(value: Any) -> Any:
    return value


def decode_rate(row: Any) -> Rate:
    """Return the rate of a row of `PRICED`."""
    prefix, valid_from, fee, period, divisor, sections, level, locked, area, *ivr = row
    tariff = _tariff(fee, period, divisor, sections)
    return Rate(prefix, tariff, LEVELS[level], locked, valid_from, area, _ivr(*ivr))


LEVELS: Final = {level.value: level for level in CallLevel}


@lru_cache(maxsize=65_536)
def _tariff(fee: str, period: int, divisor: int, sections: str) -> Tariff:
    """Return one object for all rates of one price: decks hold few prices and many prefixes."""
    stretches = tuple(Section(Decimal(cost), time * SECOND) for cost, time in json.loads(sections))
    return Tariff(Decimal(fee), period * SECOND, stretches, divisor)


@lru_cache(maxsize=65_536)
def _ivr(fee: str | None, period: timedelta | None) -> Ivr:
    return Ivr(None if fee is None else Decimal(fee), period)


@lru_cache(maxsize=65_536)
def _spell_sections(sections: tuple[Section, ...]) -> str:
    return json.dumps([[str(one.fee), one.time // SECOND] for one in sections])
