"""Reads a vendor's statement: calls in a workbook or CSV, in the spellings that statements use
(BIL-14)."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from trunkline_kernel.sheets import delimiter_of, text_of

from ..errors import BadInput
from ..imports.dialect import BadFile
from ..money import parse_amount
from .reconciliation import StatedCall

HEADINGS: Final = {
    "caller": ("caller", "from", "src", "ani", "cli", "calling number", "callere164"),
    "callee": ("callee", "to", "dst", "dnis", "called number", "destination", "calleee164"),
    "start": ("start", "start time", "starttime", "answer time", "date", "time", "connect time"),
    "billed": ("duration", "seconds", "billed seconds", "billed", "billsec", "holdtime"),
    "amount": ("amount", "cost", "charge", "price", "fee", "total"),
}
COLUMN_OF: Final = {word: column for column, words in HEADINGS.items() for word in words}
FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S")


def read_statement(content: bytes) -> Iterator[StatedCall]:
    """Yield the calls of a statement; raise `BadFile` that names the line and what is wrong."""
    lines = text_of(content).splitlines()
    if not lines:
        raise BadFile("the statement is empty")
    rows = csv.reader(lines, delimiter=delimiter_of(lines))
    columns = [COLUMN_OF.get(name.strip().lower().replace("_", " ")) for name in next(rows)]
    missing = HEADINGS.keys() - set(columns)
    if missing:
        raise BadFile(f"line 1: no column for {', '.join(sorted(missing))}")
    for fields in rows:
        values = {
            column: field.strip()
            for column, field in zip(columns, fields, strict=False)
            if column is not None
        }
        if any(values.values()):
            yield _call(values, rows.line_num)


def _call(values: dict[str, str], line: int) -> StatedCall:
    try:
        return StatedCall(
            caller=values["caller"],
            callee=values["callee"],
            start=_moment(values["start"]),
            billed=_span(values["billed"]),
            amount=parse_amount(values["amount"].lstrip("$\u20ac\u00a3")),
            reference=f"line {line}",
        )
    except KeyError as error:
        raise BadFile(f"line {line}: no {error.args[0]}") from None
    except (BadInput, ValueError) as error:
        raise BadFile(f"line {line}: {error}") from None


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d{10}(\d{3})?", text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    for form in FORMS:
        try:
            return datetime.strptime(text.rstrip("Z"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"start {text!r}: expected a time such as 2026-03-01 12:00:00")


def _span(text: str) -> timedelta:
    if match := re.fullmatch(r"(\d+):([0-5]\d):([0-5]\d)", text):
        hours, minutes, seconds = map(int, match.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if re.fullmatch(r"\d{1,7}(\.\d+)?", text):
        return timedelta(seconds=float(text))
    raise ValueError(f"duration {text!r}: expected seconds, or hours:minutes:seconds")
