"""Purses as rows."""

from collections.abc import Mapping
from typing import Any, Final

from ..accounts.purse import Purse

PURSE_COLUMNS: Final = (
    "balance",
    "reserved",
    "calls",
    "spent_since",
    "spent_hour",
    "spent_day",
    "hour_calls",
    "hour_expensive",
    "hour_time",
    "hour_value",
    "usual_price",
)


def encode_purse(account: str, purse: Purse) -> dict[str, object]:
    """Return the row of an account's purse."""
    return {"account": account, **{column: getattr(purse, column) for column in PURSE_COLUMNS}}


def decode_purse(row: Mapping[str, Any]) -> Purse:
    """Return the purse of a row."""
    return Purse(**{column: row[column] for column in PURSE_COLUMNS})
