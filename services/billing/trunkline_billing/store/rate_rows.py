"""Rates as rows."""

import json
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from ..rating.deck import CallLevel, Rate
from ..rating.tariff import Section, Tariff

SECOND: Final = timedelta(seconds=1)


def encode_rate(group: str, rate: Rate) -> dict[str, object]:
    """Return the row of a rate."""
    tariff = rate.tariff
    return {
        "rate_group": group,
        "prefix": rate.prefix,
        "valid_from": rate.valid_from,
        "fee": tariff.fee,
        "period": tariff.period,
        "divisor": tariff.divisor,
        "sections": json.dumps([[str(one.fee), one.time // SECOND] for one in tariff.sections]),
        "level": rate.level,
        "locked": rate.locked,
        "area": rate.area,
    }


def decode_rate(row: Any) -> Rate:
    """Return the rate of a row."""
    return Rate(
        prefix=row.prefix,
        tariff=_tariff(row.fee, row.period, row.divisor, row.sections),
        level=CallLevel(row.level),
        locked=row.locked,
        valid_from=row.valid_from,
        area=row.area,
    )


@lru_cache(maxsize=65_536)
def _tariff(fee: Decimal, period: timedelta, divisor: int, sections: str) -> Tariff:
    """Return one object for all rates of one price: decks hold few prices and many prefixes."""
    stretches = tuple(Section(Decimal(cost), time * SECOND) for cost, time in json.loads(sections))
    return Tariff(fee, period, stretches, divisor)
