"""The kind RateGroup (BIL-01): its spec in two spellings of a price, and its store.

A group whose document lists rates holds exactly those. One whose document lists none is filled by
import, and applying the document leaves its rates alone.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from trunkline_kernel.documents import Row, Rows, Spec

from ..money import Currency
from ..rating.deck import PREFIX, CallLevel, Ivr, Rate, RateDeck
from ..rating.tariff import SECOND, Section, Tariff, per_minute
from ..store.rates import next_generation, put_deck, read_deck
from ..store.tables import RATE_GROUPS, RATES
from .accounts import CurrencyCode, ExactAmount

LEVELS = {
    "network": CallLevel.NETWORK,
    "local": CallLevel.LOCAL,
    "domestic": CallLevel.DOMESTIC,
    "international": CallLevel.INTERNATIONAL,
}
LEVEL_NAMES = {level: name for name, level in LEVELS.items()}
Seconds = Annotated[int, Field(ge=1, le=86_400)]
Fee = Annotated[ExactAmount, Field(ge=0)]


class SectionSpec(Spec):
    """A first stretch of the call, sold whole."""

    fee: Fee
    time: Seconds


class RateSpec(Row):
    """What a prefix costs: a fee per period, or the shorthand of a price per minute."""

    prefix: Annotated[str, Field(pattern=f"^{PREFIX.pattern}$")]
    per_minute: Fee | None = None
    """Price per minute, with `firstInterval` and `interval`."""
    first_interval: Seconds | None = None
    """Seconds sold at least. Unset: one interval."""
    interval: Seconds | None = None
    """Seconds sold at once after the first interval. Unset: 60."""
    fee: Fee | None = None
    """Fee of one period, with `period` and `sections`."""
    period: Seconds | None = None
    """Seconds of a period. Unset: 60."""
    sections: tuple[SectionSpec, ...] = ()
    """First stretches before the periods, in their order."""
    level: Literal["network", "local", "domestic", "international"] = "international"
    """Permission a caller needs (AUT-19)."""
    locked: bool = False
    """Whether the prefix is refused instead of sold."""
    valid_from: AwareDatetime | None = None
    """When this version comes into force. Unset: always was."""
    area: str = ""
    """Name of the destination."""
    ivr_fee: Fee | None = None
    """Fee of one period of an IVR, with `ivrPeriod`: kept, and charged to nobody (MGT-16)."""
    ivr_period: Seconds | None = None
    """Seconds of such a period."""

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if (self.per_minute is None) == (self.fee is None):
            raise ValueError("expected either perMinute or fee")
        if self.fee is None and (self.period is not None or self.sections):
            raise ValueError("period and sections go with fee, not with perMinute")
        if self.per_minute is None and (self.first_interval or self.interval):
            raise ValueError("firstInterval and interval go with perMinute, not with fee")
        return self


def _ordered(rates: Rows[RateSpec]) -> Rows[RateSpec]:
    """Return rates as they are read again: by prefix and start, prices without trailing zeros."""
    counts = Counter((rate.prefix, rate.valid_from) for rate in rates)
    twice = sorted({prefix for (prefix, _), count in counts.items() if count > 1})
    if twice:
        raise ValueError(f"prefixes given twice: {', '.join(twice)}")
    return _packed(RateDeck("", map(rate_of, rates)))


def _packed(deck: RateDeck) -> Rows[RateSpec]:
    return Rows(RateSpec, map(spec_of, deck))


class RateGroupSpec(Spec):
    """A rate deck."""

    currency: CurrencyCode | None = None
    """Currency of its prices. Unset: that of whoever is charged by it."""
    memo: str = ""
    fake_minute: Seconds = 60
    """What is announced as a minute on phone cards, in seconds."""
    rates: Annotated[Rows[RateSpec], AfterValidator(_ordered)] | None = None
    """All rates. Unset: they come by import."""


def rate_of(spec: RateSpec) -> Rate:
    """Return the rate a document's line describes."""
    return Rate(
        prefix=spec.prefix,
        tariff=_tariff(spec),
        level=LEVELS[spec.level],
        locked=spec.locked,
        valid_from=spec.valid_from,
        area=spec.area,
        ivr=_ivr(spec),
    )


def spec_of(rate: Rate) -> RateSpec:
    """Return the line of a document that describes a rate."""
    values: dict[str, Any] = {"prefix": rate.prefix, **_spell_price(rate.tariff)}
    if rate.level is not CallLevel.INTERNATIONAL:
        values["level"] = LEVEL_NAMES[rate.level]
    if rate.locked:
        values["locked"] = True
    if rate.valid_from is not None:
        values["valid_from"] = rate.valid_from
    if rate.area:
        values["area"] = rate.area
    if rate.ivr.fee is not None:
        values["ivr_fee"] = _plain(rate.ivr.fee)
    if rate.ivr.period is not None:
        values["ivr_period"] = rate.ivr.period // SECOND
    return RateSpec(**values)


class RateGroupStore:
    """Keeps rate groups; their rates stand in a table of their own, up to millions."""

    def __init__(self) -> None:
        self.written: dict[str, RateDeck] = {}
        """Decks put since the last change was told."""

    async def get(self, session: AsyncSession, name: str) -> RateGroupSpec | None:
        """Return a stored spec; with its rates when they came by document."""
        row = (
            await session.execute(select(RATE_GROUPS).where(RATE_GROUPS.c.name == name))
        ).one_or_none()
        if row is None:
            return None
        spec = RateGroupSpec.model_validate_json(row.spec)
        if row.imported:
            return spec
        deck = await read_deck(session, name, deck_currency(spec))
        return spec.model_copy(update={"rates": await asyncio.to_thread(_packed, deck)})

    async def names(self, session: AsyncSession) -> Sequence[str]:
        """Return every name, in order."""
        return list(await session.scalars(select(RATE_GROUPS.c.name).order_by(RATE_GROUPS.c.name)))

    async def put(
        self,
        session: AsyncSession,
        name: str,
        spec: RateGroupSpec,
        previous: RateGroupSpec | None,
        author: str,
    ) -> None:
        """Create or change a group and, when the document lists them, its rates."""
        text = json.dumps(
            spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"rates"})
        )
        values: dict[str, Any] = {"spec": text, "imported": spec.rates is None}
        if spec.rates is not None:
            values["generation"] = await next_generation(session, name)
        if previous is None:
            await session.execute(
                insert(RATE_GROUPS).values(name=name, **({"generation": 1} | values))
            )
        else:
            change = update(RATE_GROUPS).where(RATE_GROUPS.c.name == name)
            await session.execute(change.values(**values))
        if spec.rates is None:
            self.written[name] = await read_deck(session, name, deck_currency(spec))
        else:
            rates = map(rate_of, spec.rates)
            deck = await asyncio.to_thread(
                RateDeck, name, rates, deck_currency(spec), values["generation"]
            )
            await put_deck(session, deck)
            self.written[name] = deck

    async def delete(self, session: AsyncSession, name: str, author: str) -> None:
        """Remove a group and its rates."""
        await session.execute(delete(RATES).where(RATES.c.rate_group == name))
        await session.execute(delete(RATE_GROUPS).where(RATE_GROUPS.c.name == name))

    async def read(self, session: AsyncSession, name: str) -> RateDeck | None:
        """Return one deck as it is stored."""
        text = await session.scalar(select(RATE_GROUPS.c.spec).where(RATE_GROUPS.c.name == name))
        if text is None:
            return None
        return await read_deck(session, name, json.loads(text).get("currency"))


def deck_currency(spec: RateGroupSpec) -> Currency | None:
    """Return the currency of a group's prices, if it names one."""
    return None if spec.currency is None else Currency(spec.currency)


def _tariff(spec: RateSpec) -> Tariff:
    if spec.per_minute is not None:
        interval = (spec.interval or 60) * SECOND
        first = spec.first_interval * SECOND if spec.first_interval else interval
        return per_minute(spec.per_minute, first, interval)
    assert spec.fee is not None
    sections = tuple(Section(one.fee, one.time * SECOND) for one in spec.sections)
    return Tariff(spec.fee, (spec.period or 60) * SECOND, sections)


def _ivr(spec: RateSpec) -> Ivr:
    return Ivr(spec.ivr_fee, None if spec.ivr_period is None else spec.ivr_period * SECOND)


def _spell_price(tariff: Tariff) -> dict[str, Any]:
    seconds = tariff.period // SECOND
    if tariff.divisor == 1:
        price: dict[str, Any] = {"fee": _plain(tariff.fee), "period": seconds}
        if tariff.sections:
            price["sections"] = tuple(
                SectionSpec(fee=_plain(one.fee), time=one.time // SECOND) for one in tariff.sections
            )
        return price
    first = tariff.sections[0].time // SECOND if tariff.sections else seconds
    return {
        "per_minute": _plain(tariff.fee / seconds),
        "first_interval": first,
        "interval": seconds,
    }


def _plain(amount: Decimal) -> Decimal:
    """Return the amount without trailing zeros and without an exponent."""
    return Decimal(format(amount.normalize(), "f"))
