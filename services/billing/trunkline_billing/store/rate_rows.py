"""Rates as rows."""

import json
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Integer, String, cast, type_coerce

from ..rating.deck import CallLevel, Rate
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
)
"""What a rate is made of, prices as they are stored: equal ones are made into objects once."""


def encode_rate(group: str, generation: int, rate: Rate) -> dict[str, object]:
    """Return the row of a rate."""
    tariff = rate.tariff
    return {
        "rate_group": group,
        "generation": generation,
        "prefix": rate.prefix,
        "valid_from": rate.valid_from,
        "fee": tariff.fee,
        "period": tariff.period,
        "divisor": tariff.divisor,
        "sections": _spell_sections(tariff.sections),
        "level": rate.level,
        "locked": rate.locked,
        "area": rate.area,
    }


def decode_rate(row: Any) -> Rate:
    """Return the rate of a row of `PRICED`."""
    prefix, valid_from, fee, period, divisor, sections, level, locked, area = row
    return Rate(
        prefix, _tariff(fee, period, divisor, sections), LEVELS[level], locked, valid_from, area
    )


LEVELS: Final = {level.value: level for level in CallLevel}


@lru_cache(maxsize=65_536)
def _tariff(fee: str, period: int, divisor: int, sections: str) -> Tariff:
    """Return one object for all rates of one price: decks hold few prices and many prefixes."""
    stretches = tuple(Section(Decimal(cost), time * SECOND) for cost, time in json.loads(sections))
    return Tariff(Decimal(fee), period * SECOND, stretches, divisor)


@lru_cache(maxsize=65_536)
def _spell_sections(sections: tuple[Section, ...]) -> str:
    return json.dumps([[str(one.fee), one.time // SECOND] for one in sections])
