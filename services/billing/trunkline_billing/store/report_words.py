"""What a report asks for in the SQL of either database: attempts in JSON, exact money, dates."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Numeric,
    String,
    case,
    cast,
    func,
    literal,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from ..reports.report import Dimension
from .tables import CDRS

ANSWERED: Final = CDRS.c.answer_time.is_not(None)
MICROSECONDS: Final = 1_000_000

Term = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """The terms of one attempt, or of a whole call by its last one."""

    source: FromClause
    """What they are read from."""
    vendor: Term
    answered: Term
    delay: Term
    """Post-dial delay in microseconds, null where it is not known."""
    is_last: Term


class Words(Protocol):
    """One database's way to say it."""

    def each_attempt(self) -> Attempt:
        """Return the terms of every attempt: a statement with them has a row for each."""

    def whole_call(self) -> Attempt:
        """Return the terms of a call."""

    def begin_of(self, dimension: Dimension) -> Term:
        """Return the hour, day or month of the call's end in UTC."""

    def amount(self, column: Column[Any]) -> Term:
        """Return money as something that sums up exactly."""

    def decimals(self, column: Column[Any]) -> Term:
        """Return how many decimals an amount is written with."""

    def money(self, total: Any, decimals: int) -> Decimal:
        """Return a sum of `amount`s."""


class SqliteWords:
    """SQLite keeps money as text, and knows integers only that are exact."""

    SCALE = 4
    """Decimals of the finest fee (SERVER_BILLING_FEE_PRECISION)."""
    FORMATS: Final = {
        Dimension.HOUR: "%Y-%m-%dT%H",
        Dimension.DAY: "%Y-%m-%d",
        Dimension.MONTH: "%Y-%m",
    }

    def each_attempt(self) -> Attempt:
        """Return the terms of every attempt: a statement with them has a row for each."""
        each = func.json_each(CDRS.c.extension, "$.attempts").table_valued("key", "value")
        return Attempt(
            source=CDRS.join(each, true()),
            vendor=func.json_extract(each.c.value, "$.endpoint.name"),
            answered=func.coalesce(func.json_extract(each.c.value, "$.answered"), 0) == 1,
            delay=self._micros(func.json_extract(each.c.value, "$.post_dial_delay")),
            is_last=each.c.key == func.json_array_length(CDRS.c.extension, "$.attempts") - 1,
        )

    def whole_call(self) -> Attempt:
        """Return the terms of a call."""
        last = func.json_extract(CDRS.c.extension, "$.attempts[#-1].post_dial_delay")
        return Attempt(CDRS, CDRS.c.callee_name, ANSWERED, self._micros(last), true())

    def begin_of(self, dimension: Dimension) -> Term:
        """Return the hour, day or month of the call's end in UTC."""
        return func.strftime(self.FORMATS[dimension], type_coerce(CDRS.c.end_time, String))

    def amount(self, column: Column[Any]) -> Term:
        """Return money in units of the last decimal: exact below a hundred billion."""
        units = cast(type_coerce(column, String), Float) * 10**self.SCALE
        return cast(func.round(units), Integer)

    def decimals(self, column: Column[Any]) -> Term:
        """Return how many decimals an amount is written with."""
        text = type_coerce(column, String)
        point = func.instr(text, ".")
        return case((point > 0, func.length(text) - point), else_=0)

    def money(self, total: Any, decimals: int) -> Decimal:
        """Return a sum of `amount`s."""
        return round(Decimal(total).scaleb(-self.SCALE), decimals)

    def _micros(self, text: Term) -> Term:
        return cast(func.round(cast(func.rtrim(text, "s"), Float) * MICROSECONDS), Integer)


class PostgresWords:
    """PostgreSQL sums decimals exactly, and keeps their places."""

    FORMATS: Final = {
        Dimension.HOUR: 'YYYY-MM-DD"T"HH24',
        Dimension.DAY: "YYYY-MM-DD",
        Dimension.MONTH: "YYYY-MM",
    }
    ATTEMPTS: Final = cast(CDRS.c.extension, JSONB)["attempts"]

    def each_attempt(self) -> Attempt:
        """Return the terms of every attempt: a statement with them has a row for each."""
        # OFFSET keeps the subquery one: pulled up, it would parse the JSON for every use of it.
        parsed = select(self.ATTEMPTS.label("attempts")).correlate(CDRS).offset(0).lateral()
        each = (
            func.jsonb_array_elements(parsed.c.attempts)
            .table_valued(Column("value", JSONB), with_ordinality="place")
            .render_derived()
        )
        value = each.c.value
        return Attempt(
            source=CDRS.join(parsed, true()).join(each, true()),
            vendor=value[("endpoint", "name")].astext,
            answered=func.coalesce(value["answered"].astext, "") == "true",
            delay=self._micros(value["post_dial_delay"].astext),
            is_last=each.c.place == func.jsonb_array_length(parsed.c.attempts),
        )

    def whole_call(self) -> Attempt:
        """Return the terms of a call."""
        delay = self._micros(self.ATTEMPTS[-1]["post_dial_delay"].astext)
        return Attempt(CDRS, CDRS.c.callee_name, ANSWERED, delay, true())

    def begin_of(self, dimension: Dimension) -> Term:
        """Return the hour, day or month of the call's end in UTC."""
        return func.to_char(func.timezone("UTC", CDRS.c.end_time), self.FORMATS[dimension])

    def amount(self, column: Column[Any]) -> Term:
        """Return money as something that sums up exactly."""
        return type_coerce(column, Numeric)

    def decimals(self, column: Column[Any]) -> Term:
        """Return nothing of use: the sum has its decimals."""
        return literal(0)

    def money(self, total: Any, decimals: int) -> Decimal:
        """Return a sum of `amount`s."""
        return Decimal(total)

    def _micros(self, text: Term) -> Term:
        seconds = cast(func.rtrim(text, "s"), Numeric)
        return cast(func.round(seconds * MICROSECONDS), BigInteger)
