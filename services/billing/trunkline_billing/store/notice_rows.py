"""Notices as rows (MGT-14)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import insert
from trunkline_kernel.database import Database

from .tables import NOTICES

MONEY: Final = "/CustomerMoneyChange"
ALARM: Final = "/AlarmCurrentReport"
PHONE_ONLINE: Final = "/PhoneOnline"
CALL_STATE: Final = "/CallStateReport"

KEPT: Final = (MONEY, ALARM)
"""Paths whose notices are kept for a day; the others are dropped after three tries."""


class NoticeBook:
    """Owes what no other row is the cause of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owe(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write notices down."""
        async with self._database.session() as session:
            await session.execute(insert(NOTICES), list(rows))


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
