"""Page tokens: opaque to callers, readable to us, refused when they are not ours."""

import base64
import binascii
import json
from datetime import date, datetime

from ..cdrs.query import Position
from ..errors import BadQuery


def cdr_token(position: Position) -> str:
    """Return the token of the page after `position`."""
    return _encode([position.end_time.isoformat(), position.flow_no])


def cdr_position(token: str) -> Position | None:
    """Return where the page of a token begins; raise `BadQuery`."""
    if not token:
        return None
    try:
        end_time, flow_no = _decode(token)
        return Position(datetime.fromisoformat(str(end_time)), int(str(flow_no)))
    except (ValueError, TypeError):
        raise BadQuery(f"page_token {token!r}: not one of ours") from None


def entry_token(before: int) -> str:
    """Return the token of the page of entries older than `before`."""
    return _encode([before])


def entry_before(token: str) -> int | None:
    """Return the entry that the page of a token follows; raise `BadQuery`."""
    if not token:
        return None
    try:
        (before,) = _decode(token)
        return int(str(before))
    except (ValueError, TypeError):
        raise BadQuery(f"page_token {token!r}: not one of ours") from None


def record_token(day: date, peer: str) -> str:
    """Return the token of the page of comparisons after one."""
    return _encode([day.isoformat(), peer])


def record_before(token: str) -> tuple[date, str] | None:
    """Return the comparison that the page of a token follows; raise `BadQuery`."""
    if not token:
        return None
    try:
        day, peer = _decode(token)
        return date.fromisoformat(str(day)), str(peer)
    except (ValueError, TypeError):
        raise BadQuery(f"page_token {token!r}: not one of ours") from None


def _encode(value: list[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _decode(token: str) -> list[object]:
    try:
        value = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value
