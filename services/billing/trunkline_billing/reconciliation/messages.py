"""What two platforms say to each other: JSON, signed with their shared key. Pure.

A question is signed over its time and text, an answer over the question's signature and its own
text, so that neither can be replayed for another (docs/adr/0014-reconciliation-door.md).
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from ..errors import BadAmount
from ..money import parse_amount, parse_currency
from ..reports.reconciliation import StatedCall, Totals
from .peer import Book, Direction

SIGNATURE: Final = "trunkline-signature"
TIME: Final = "trunkline-time"
SKEW: Final = timedelta(minutes=5)
"""How far the clocks of two platforms may lie apart."""
SECOND: Final = timedelta(seconds=1)


class BadMessage(ValueError):
    """Not what two platforms say to each other; the message says what is wrong."""


class What(StrEnum):
    """What is asked for."""

    TOTALS = "totals"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Question:
    """One platform asks another. Account and direction are those of the platform that is asked."""

    what: What
    account: str
    direction: Direction
    day: date
    hour: int | None = None
    """Hour of the day (UTC), of calls."""


def write_question(question: Question) -> bytes:
    """Return the text of a question."""
    content = {
        "what": question.what,
        "account": question.account,
        "direction": question.direction,
        "day": question.day.isoformat(),
        "hour": question.hour,
    }
    return json.dumps(content).encode()


def read_question(body: bytes) -> Question:
    """Return the question of a text; raise `BadMessage`."""
    content = _object(body)
    try:
        question = Question(
            What(content["what"]),
            str(content["account"]),
            Direction(content["direction"]),
            date.fromisoformat(str(content["day"])),
            content.get("hour"),
        )
    except KeyError as error:
        raise BadMessage(f"{error.args[0]}: is required") from None
    except ValueError as error:
        raise BadMessage(str(error)) from None
    if question.what is What.CALLS and question.hour not in range(24):
        raise BadMessage(f"hour: expected 0 to 23, got {question.hour!r}")
    return question


def write_book(book: Book) -> bytes:
    """Return the text of totals."""
    totals = book.totals
    content = {
        "calls": totals.calls,
        "seconds": totals.billed // SECOND,
        "amount": format(totals.amount, "f"),
        "currency": book.currency,
    }
    return json.dumps(content).encode()


def read_book(body: bytes) -> Book:
    """Return the totals of a text; raise `BadMessage`."""
    content = _object(body)
    try:
        currency = content.get("currency")
        return Book(
            Totals(
                int(content["calls"]),
                int(content["seconds"]) * SECOND,
                parse_amount(str(content["amount"])),
            ),
            None if currency is None else parse_currency(str(currency)),
        )
    except (KeyError, TypeError, ValueError, OverflowError, BadAmount) as error:
        raise BadMessage(f"totals: {error!r}") from None


def write_calls(calls: Iterable[StatedCall]) -> bytes:
    """Return the text of calls: caller, callee, answer in UTC, seconds, amount, reference."""
    rows = [
        [
            call.caller,
            call.callee,
            call.start.astimezone(UTC).isoformat(timespec="milliseconds"),
            call.billed // SECOND,
            format(call.amount, "f"),
            call.reference,
        ]
        for call in calls
    ]
    return json.dumps({"calls": rows}).encode()


def read_calls(body: bytes) -> list[StatedCall]:
    """Return the calls of a text; raise `BadMessage`."""
    rows = _object(body).get("calls")
    if not isinstance(rows, list):
        raise BadMessage("calls: expected a list")
    return [_call(row) for row in rows]


def sign(key: bytes, first: str, body: bytes) -> str:
    """Return the signature of a text that follows `first`: the time, or another signature."""
    return hmac.digest(key, first.encode() + b"\n" + body, "sha256").hex()


def is_signed(signature: str, key: bytes, first: str, body: bytes) -> bool:
    """Whether a text was signed with the key, found out in constant time."""
    return hmac.compare_digest(signature.encode(), sign(key, first, body).encode())


def is_fresh(told: str, now: datetime) -> bool:
    """Whether a question's time, in seconds since 1970, is near ours."""
    try:
        asked = datetime.fromtimestamp(int(told), UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return abs(now - asked) <= SKEW


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise BadMessage(f"not JSON: {error}") from None
    if not isinstance(content, dict):
        raise BadMessage("expected an object")
    return content


def _call(row: Any) -> StatedCall:
    try:
        caller, callee, start, seconds, amount, reference = row
        return StatedCall(
            str(caller),
            str(callee),
            datetime.fromisoformat(str(start)).astimezone(UTC),
            int(seconds) * SECOND,
            parse_amount(str(amount)),
            str(reference),
        )
    except (TypeError, ValueError, OverflowError, BadAmount) as error:
        raise BadMessage(f"call {row!r}: {error}") from None
