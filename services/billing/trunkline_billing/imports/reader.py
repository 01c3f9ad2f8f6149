"""Reads the lines of a rate file: each becomes rates, or an error that names line and column.

A prefix may be a list ("44,45") or a range ("4471-4479"); intervals may be columns or spelled
"60/1" (first/next) and "1/60/6" (least/first/next). A line whose status says blocked locks its
prefixes.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from ..errors import BadInput
from ..money import ZERO, parse_amount
from ..rating.deck import Ivr, Rate
from ..rating.tariff import SECOND, Tariff, per_minute, with_connect_fee
from .dialect import Dialect

MAX_RANGE: Final = 10_000
LOCKED: Final = {"blocked", "block", "closed", "locked", "disabled", "false", "0", "delete"}
DATES: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y", "%d/%m/%Y")


PRICED: Final = (
    *("fee", "period", "per_minute", "next_rate", "first_interval", "interval"),
    *("billing", "connect_fee", "ivr_fee", "ivr_period"),
)
"""Columns that make a price."""

_DIGITS: Final = re.compile(r"\d{1,32}", re.ASCII)

Prices = dict[tuple[str | None, ...], tuple[Tariff, Ivr]]
"""Prices by their spelling: a file has few prices and many prefixes."""


@dataclass(frozen=True, slots=True)
class LineError:
    """A line that gives no rate."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.message}"


class _BadField(Exception):
    def __init__(self, column: str, message: str) -> None:
        self.column = column
        super().__init__(message)


def read(lines: Iterable[str], dialect: Dialect) -> Iterator[Rate | LineError]:
    """Yield the rates and errors of a file in the order of its lines."""
    rows = csv.reader(lines, delimiter=dialect.delimiter)
    prices: Prices = {}
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield LineError(rows.line_num, "line", f"{error}: the rest is not read")
            return
        number = rows.line_num
        if (number == 1 and dialect.has_heading) or not any(field.strip() for field in fields):
            continue
        try:
            yield from _rates(_Line(fields, dialect), prices)
        except _BadField as error:
            yield LineError(number, error.column, str(error))
        except BadInput as error:
            yield LineError(number, "rate", error.message)


class _Line:
    """One line by column names."""

    def __init__(self, fields: Sequence[str], dialect: Dialect) -> None:
        self._fields = {
            column: field.strip()
            for column, field in zip(dialect.columns, fields, strict=False)
            if column is not None
        }
        self._decimal_comma = dialect.decimal_comma

    def text(self, column: str) -> str:
        return self._fields.get(column, "")

    def texts(self, columns: Sequence[str]) -> tuple[str | None, ...]:
        return tuple(map(self._fields.get, columns))

    def amount(self, column: str) -> Decimal | None:
        text = self.text(column).lstrip("$€£").strip()
        if not text:
            return None
        if self._decimal_comma:
            text = text.replace(".", "").replace(",", ".")
        try:
            amount = parse_amount(text, column)
        except BadInput as error:
            raise _BadField(column, error.message) from None
        if amount < ZERO:
            raise _BadField(column, f"{text}: expected 0 or more")
        return amount

    def seconds(self, column: str) -> int | None:
        text = self.text(column)
        if not text:
            return None
        if not re.fullmatch(r"\d{1,5}", text) or not int(text):
            raise _BadField(column, f"{text!r}: expected whole seconds, 1 or more")
        return int(text)


def _rates(line: _Line, prices: Prices) -> Iterator[Rate]:
    spelled = line.texts(PRICED)
    price = prices.get(spelled)
    if price is None:
        price = prices[spelled] = _tariff(line), _ivr(line)
    tariff, ivr = price
    locked = line.text("status").lower() in LOCKED
    valid_from = _moment(line.text("valid_from"))
    area = line.text("area")
    for prefix in _prefixes(line.text("prefix")):
        yield Rate(prefix, tariff, locked=locked, valid_from=valid_from, area=area, ivr=ivr)


def _tariff(line: _Line) -> Tariff:
    fee = line.amount("fee")
    if fee is not None:
        return Tariff(fee, (line.seconds("period") or 60) * SECOND)
    price = line.amount("per_minute")
    if price is None:
        raise _BadField("rate", "no price: expected an amount such as 0.0120")
    following = line.amount("next_rate")
    if following not in (None, price):
        raise _BadField("next rate", f"{following} differs from {price}: not supported")
    first, interval = _intervals(line)
    tariff = per_minute(price, first * SECOND, interval * SECOND)
    return with_connect_fee(tariff, line.amount("connect_fee") or ZERO)


def _ivr(line: _Line) -> Ivr:
    period = line.seconds("ivr_period")
    return Ivr(line.amount("ivr_fee"), None if period is None else period * SECOND)


def _intervals(line: _Line) -> tuple[int, int]:
    spelled = line.text("billing") or (
        line.text("interval") if "/" in line.text("interval") else ""
    )
    if spelled:
        parts = re.fullmatch(r"(?:(\d{1,5})\s*/\s*)?(\d{1,5})\s*/\s*(\d{1,5})", spelled)
        if parts is None or not int(parts[2]) or not int(parts[3]):
            raise _BadField("billing", f"{spelled!r}: expected intervals such as 60/1")
        return max(int(parts[1] or 0), int(parts[2])), int(parts[3])
    interval = line.seconds("interval") or 60
    return line.seconds("first_interval") or interval, interval


def _prefixes(text: str) -> Iterator[str]:
    if _DIGITS.fullmatch(text):  # as most lines have it
        yield text
        return
    parts = [part.strip().removeprefix("+") for part in re.split(r"[,;\s]+", text) if part.strip()]
    if not parts:
        raise _BadField("prefix", "is empty")
    for part in parts:
        first, dash, last = part.partition("-")
        if not dash:
            yield _digits(part)
        else:
            yield from _range(_digits(first), _digits(last))


def _digits(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise _BadField("prefix", f"{text!r}: expected digits")
    return text


def _range(first: str, last: str) -> Iterator[str]:
    width = len(first)
    count = int(last) - int(first) + 1 if len(last) == width else 0
    if not 0 < count <= MAX_RANGE:
        raise _BadField(
            "prefix", f"{first}-{last}: expected a rising range of at most {MAX_RANGE} prefixes"
        )
    for number in range(int(first), int(last) + 1):
        yield f"{number:0{width}}"


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    for form in DATES:
        try:
            return datetime.strptime(text.rstrip("Z"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise _BadField("valid from", f"{text!r}: expected a date such as 2026-03-01")
