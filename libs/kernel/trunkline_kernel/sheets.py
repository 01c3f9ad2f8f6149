"""Tables as others send them: delimited text in any usual spelling, or a workbook's first sheet.

A row stays on its line, so that whoever sent the file can find it.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from .faults import InvalidArgument

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE_LINES: Final = 50
MOST_BYTES: Final = 256 << 20

WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of Excel and LibreOffice begin: ZIP for XLSX and ODS, OLE for XLS."""
_BREAKS: Final = re.compile(r"[\r\n\t]+")


class UnreadableFile(InvalidArgument):
    """The file is no table."""

    reason = "UNREADABLE_FILE"


def unpack(content: bytes) -> bytes:
    """Return what gzip packed. Raises `UnreadableFile` for anything else, or more than allowed."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            unpacked = file.read(MOST_BYTES + 1)
    except (OSError, EOFError):
        raise UnreadableFile("content is not packed by gzip") from None
    if len(unpacked) > MOST_BYTES:
        raise UnreadableFile(f"the file is larger than {MOST_BYTES >> 20} MiB")
    return unpacked


def text_of(content: bytes) -> str:
    """Return a file as delimited text, a row a line.

    Text is UTF-8 with or without a mark, UTF-16 with one, else Latin. Raises `UnreadableFile`.
    """
    if content.startswith(WORKBOOKS):
        return "\n".join(_sheet_lines(content))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:1024]:
        raise UnreadableFile("the file is neither text nor a workbook")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def delimiter_of(lines: Sequence[str]) -> str:
    """Return the delimiter that cuts most of the first lines into the same number of fields.

    Of equals a tab wins: commas stand in texts and lists as well.
    """
    sample = [line for line in lines[:SAMPLE_LINES] if line.strip()]

    def score(delimiter: str) -> tuple[int, bool, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        width = max(set(widths), key=widths.count, default=1)
        return (widths.count(width) if width > 1 else 0, delimiter == "\t", width)

    return max(DELIMITERS, key=score)


def _sheet_lines(content: bytes) -> Iterator[str]:
    from python_calamine import (  # a library of its own, for those who import workbooks
        CalamineError,
        CalamineWorkbook,
    )

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = book.get_sheet_by_index(0)
        for row in sheet.iter_rows():
            line = "\t".join(map(_cell, row))
            yield line if line.strip() else ""
    except CalamineError as error:
        raise UnreadableFile(f"the workbook cannot be read: {error}") from None


def _cell(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else f"{Decimal(repr(value)):f}"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(int(value.total_seconds()))
        case _:
            return _quoted(_BREAKS.sub(" ", str(value)))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if '"' in text else text
