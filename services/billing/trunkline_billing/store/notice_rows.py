"""Notices as rows (MGT-14)."""

import json
from collections.abc import Mapping
from datetime import datetime


def notice_row(
    account: str, path: str, body: Mapping[str, object], now: datetime
) -> dict[str, object]:
    """Return the row of a notice that is due at once."""
    return {
        "account": account,
        "path": path,
        "body": json.dumps(body),
        "attempts": 0,
        "first_at": now,
        "due_at": now,
    }
