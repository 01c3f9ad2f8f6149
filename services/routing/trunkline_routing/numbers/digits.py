"""What a dialled number is made of, and how long it may get (RTE-01, SIG-20)."""

from __future__ import annotations

import re
from typing import Final, NewType

from .errors import BadNumber, NumberTooLong

Number = NewType("Number", str)
"""Digits, `*` and `#`, possibly a leading `+` that a plan wrote; at most 32 characters."""

MAX_LENGTH: Final = 32
_NUMBER: Final = re.compile(r"\+?[0-9*#]*\Z")


def parse_number(text: str) -> Number:
    """Return `text` as a number.

    Raises `BadNumber` for any other character, `NumberTooLong` beyond 32.
    """
    if not _NUMBER.match(text):
        raise BadNumber(f"{text!r} is not a number: expected digits, * and #")
    return checked(text)


def checked(text: str) -> Number:
    """Return a rewritten number, refusing one that nobody could dial (RTE-01)."""
    if len(text) > MAX_LENGTH:
        raise NumberTooLong(f"{text} has {len(text)} digits: at most {MAX_LENGTH} are routable")
    return Number(text)
