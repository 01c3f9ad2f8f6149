"""Adds CDRs up in the database (BIL-16, MGT-11): the event loop sees groups, never calls."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, Row, Select, String, Subquery, case, cast, func, select
from sqlalchemy import type_coerce as as_type
from trunkline_kernel.database import Database

from ..reports.report import DURATION_CLASSES, LONGEST_CLASS, Dimension
from ..reports.report import Row as Group
from .cdr_filters import in_range
from .report_words import Attempt, PostgresWords, SqliteWords, Term, Words
from .tables import CDRS

MICROSECOND: Final = timedelta(microseconds=1)
SECOND: Final = timedelta(seconds=1)

CHARGED: Final = CDRS.c.fee.is_not(None)
COST: Final = CDRS.c.cost.is_not(None)
DURATIONS: Final = [
    (as_type(CDRS.c.hold_time, Integer) <= most, name) for most, name in DURATION_CLASSES
]


class ReportReader:
    """The CDRs in groups."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words: Words = SqliteWords() if database.is_sqlite else PostgresWords()

    async def groups(
        self,
        begin: datetime,
        end: datetime,
        dimensions: Sequence[Dimension],
        *,
        account: str = "",
        gateway: str = "",
    ) -> list[Group]:
        """Return the groups of calls that ended from `begin` until before `end`, by their keys."""
        calls = self._calls(dimensions).where(*in_range(begin, end, account, gateway))
        sums = _sums(calls.subquery(), len(dimensions))
        async with self._database.reading() as session:
            return self._merged(await session.execute(sums), len(dimensions))

    def _calls(self, dimensions: Sequence[Dimension]) -> Select[Any]:
        """Return every call, or every attempt of it where vendors are told apart."""
        words = self._words
        each = words.each_attempt() if Dimension.VENDOR in dimensions else words.whole_call()
        keys = [self._key(one, each).label(f"key_{at}") for at, one in enumerate(dimensions)]
        return select(
            *keys,
            case((CHARGED, CDRS.c.currency)).label("charge_currency"),
            case((COST, CDRS.c.cost_currency)).label("cost_currency"),
            case((CHARGED, CDRS.c.level), else_=0).label("level"),
            case((each.answered, 1), else_=0).label("answered"),
            each.delay.label("delay"),
            case((each.is_last, 1), else_=0).label("last"),
            _on_last(each, as_type(CDRS.c.hold_time, Integer)).label("hold_time"),
            _on_last(each, case((CHARGED, as_type(CDRS.c.fee_time, Integer)))).label("fee_time"),
            _on_last(each, words.amount(CDRS.c.fee)).label("charge"),
            _on_last(each, words.amount(CDRS.c.cost)).label("cost"),
            _on_last(each, words.decimals(CDRS.c.fee)).label("charge_decimals"),
            _on_last(each, words.decimals(CDRS.c.cost)).label("cost_decimals"),
        ).select_from(each.source)

    def _key(self, dimension: Dimension, each: Attempt) -> Term:
        match dimension:
            case Dimension.HOUR | Dimension.DAY | Dimension.MONTH:
                return self._words.begin_of(dimension)
            case Dimension.ACCOUNT:
                return CDRS.c.account
            case Dimension.CLEARING_ACCOUNT:
                return CDRS.c.clearing_account
            case Dimension.CALLER:
                return CDRS.c.caller_name
            case Dimension.VENDOR:
                return func.coalesce(each.vendor, "")
            case Dimension.PREFIX:
                return case((CHARGED, CDRS.c.prefix), else_="")
            case Dimension.CALL_END_REASON:
                return cast(CDRS.c.end_reason, String)
            case Dimension.DURATION:
                talk = as_type(CDRS.c.hold_time, Integer)
                return case(
                    *((talk <= most, name) for most, name in DURATION_CLASSES), else_=LONGEST_CLASS
                )

    def _merged(self, rows: Iterable[Row[Any]], keys: int) -> list[Group]:
        """Return the groups of rows, which are one a level of each group."""
        groups: dict[tuple[object, ...], Group] = {}
        for row in rows:
            by = tuple(row[:keys]), row.charge_currency, row.cost_currency
            group = groups.setdefault(by, Group(*by))
            group.calls += row.calls
            group.answered += row.answered
            group.hold_time += int(row.hold_time) * SECOND
            group.charged_time += int(row.fee_time) * SECOND
            group.charge += self._words.money(row.charge, row.charge_decimals)
            group.cost += self._words.money(row.cost, row.cost_decimals)
            group.delays += row.delays
            group.delay += int(row.delay) * MICROSECOND
            if row.ended:
                group.by_level[row.level] += int(row.hold_time) * SECOND
        return sorted(
            groups.values(),
            key=lambda one: (one.keys, one.charge_currency or "", one.cost_currency or ""),
        )


def _on_last(each: Attempt, term: Term) -> Term:
    """Return what counts on a call's last attempt only."""
    return case((each.is_last, term))


def _sums(calls: Subquery, keys: int) -> Select[Any]:
    column = calls.c
    by = [column[f"key_{at}"] for at in range(keys)]
    by += [column.charge_currency, column.cost_currency, column.level]
    return select(
        *by,
        func.count().label("calls"),
        func.sum(column.answered).label("answered"),
        func.count(column.delay).label("delays"),
        func.coalesce(func.sum(column.delay), 0).label("delay"),
        func.sum(column.last).label("ended"),
        *(
            func.coalesce(func.sum(column[name]), 0).label(name)
            for name in ("hold_time", "fee_time", "charge", "cost")
        ),
        *(
            func.coalesce(func.max(column[name]), 0).label(name)
            for name in ("charge_decimals", "cost_decimals")
        ),
    ).group_by(*by)
