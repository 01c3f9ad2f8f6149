"""How a rate file is written: delimiter, decimal sign, and which column is which.

Columns are found by their headings in the spellings that price lists use (DIDWW, Yeti, Kazoo,
CGRateS and plain words). A file without a heading is read as prefix, price, and intervals if any.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trunkline_kernel.sheets import SAMPLE_LINES, delimiter_of

from ..errors import BadInput

HEADINGS: Final = {
    "prefix": ("prefix", "code", "dialcode", "dial code", "feeprefix", "destination code", "id"),
    "per_minute": (
        "rate",
        "price",
        "per minute",
        "perminute",
        "rate per minute",
        "price per minute",
        "rate/min",
        "price/min",
        "initial_rate",
        "initial rate",
        "rate_cost",
        "new rate",
    ),
    "next_rate": ("next_rate", "next rate"),
    "fee": ("fee", "fee per period"),
    "period": ("period",),
    "first_interval": (
        "first interval",
        "initial_interval",
        "initial interval",
        "initial increment",
        "rate_minimum",
        "minimum",
        "groupintervalstart",
    ),
    "interval": (
        "interval",
        "next_interval",
        "next interval",
        "recurring increment",
        "rate_increment",
        "rateincrement",
        "increment",
    ),
    "billing": ("billing", "increments", "billing increment", "billing increments", "rounding"),
    "connect_fee": ("connect fee", "connect_fee", "connection fee", "connectfee", "rate_surcharge"),
    "area": ("area", "country", "destination", "network", "description", "area name", "name"),
    "valid_from": ("valid from", "valid_from", "effective date", "effective", "effective from"),
    "ivr_fee": ("ivr fee", "ivr_fee", "ivrfee"),
    "ivr_period": ("ivr period", "ivr_period", "ivrperiod"),
    "status": ("status", "change", "enabled", "blocked", "comment"),
}
COLUMN_OF: Final = {
    spelling: column for column, spellings in HEADINGS.items() for spelling in spellings
}
PLAIN: Final = ("prefix", "per_minute", "first_interval", "interval")
"""Columns of a file without a heading."""


class BadFile(BadInput):
    """The file cannot be read as a rate deck at all."""

    reason = "BAD_RATE_FILE"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is written."""

    delimiter: str
    decimal_comma: bool
    columns: tuple[str | None, ...]
    """What each column is; None for one that is not read."""
    has_heading: bool

    def __str__(self) -> str:
        named = ", ".join(column or "-" for column in self.columns)
        comma = ", decimal comma" if self.decimal_comma else ""
        return f"delimiter {self.delimiter!r}{comma}, columns: {named}"


def detect(lines: Sequence[str]) -> Dialect:
    """Return how the file is written, judged by its first lines; raise `BadFile`."""
    sample = [line for line in lines[:SAMPLE_LINES] if line.strip()]
    if not sample:
        raise BadFile("the file is empty")
    try:
        delimiter = delimiter_of(sample)
        rows = list(csv.reader(sample, delimiter=delimiter))
    except csv.Error as error:
        raise BadFile(f"the file is no table: {error}") from None
    columns = _heading(rows[0])
    has_heading = columns is not None
    if columns is None:
        columns = _plain(rows[0])
    body = rows[1:] if has_heading else rows
    return Dialect(delimiter, delimiter != "," and _has_decimal_comma(body), columns, has_heading)


def _heading(row: Sequence[str]) -> tuple[str | None, ...] | None:
    names = [re.sub(r"\s*[\[(].*", "", field).strip().lower() for field in row]
    columns: list[str | None] = []
    for name in names:
        column = COLUMN_OF.get(name) or COLUMN_OF.get(name.replace("_", " "))
        columns.append(column if column not in columns else None)
    if any(re.fullmatch(r"\+?\d+", field.strip()) for field in row):
        return None  # figures: data, not a heading
    if "prefix" not in columns or not {"per_minute", "fee"} & set(columns):
        raise BadFile(
            f"line 1: no prefix and price among the columns {', '.join(filter(None, names))};"
            " expected headings such as 'prefix' and 'rate'"
        )
    return tuple(columns)


def _plain(row: Sequence[str]) -> tuple[str | None, ...]:
    if len(row) < 2:
        raise BadFile("line 1: expected at least a prefix and a price")
    return tuple(PLAIN[: len(row)]) + (None,) * (len(row) - len(PLAIN))


def _has_decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    fields = [field.strip() for row in rows for field in row]
    return any(re.fullmatch(r"\d+,\d+", field) for field in fields)
