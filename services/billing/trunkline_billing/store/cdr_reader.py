"""Reads CDRs: by call, one after another, and a page at a time by filters (BIL-13).

All go by key, not by offset: every filter but `answered_only` has an index that goes on with
(end_time, flow_no), so a page costs the same however far down it is, and none keeps a transaction
open while its reader works. A filter that means one of two columns reads both indexes and merges.
The account's index holds the gateways too: of an account and a gateway only matches are read.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from trunkline_kernel.database import Database
from trunkline_kernel.paced import paced

from ..cdrs.query import CdrQuery, Position
from ..ledger.transactions import EntryKind, transaction_id
from .cdr_export import CdrExport
from .cdr_filters import in_range
from .cdr_rows import StoredCdr, decode_cdr
from .report_reader import ReportReader
from .stated import StatedCalls
from .tables import CDRS, TRANSACTIONS

CHUNK: Final = 250
"""CDRs that are read at once: a few milliseconds of the event loop."""
NEWEST: Final = (CDRS.c.end_time.desc(), CDRS.c.flow_no.desc())
OLDEST: Final = (CDRS.c.end_time, CDRS.c.flow_no)


class CdrReader:
    """The stored CDRs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.export = CdrExport(database)
        self.stated = StatedCalls(database)
        self.reports = ReportReader(database)

    async def find(self, call_id: str) -> StoredCdr | None:
        """Return the CDR of a call. Its transaction knows which day's partition holds it."""
        booked = transaction_id(EntryKind.CALL, call_id)
        query = (
            select(CDRS)
            .join(TRANSACTIONS, TRANSACTIONS.c.cdr_time == CDRS.c.end_time)
            .where(TRANSACTIONS.c.id == booked, CDRS.c.call_id == call_id)
        )
        async with self._database.reading() as session:
            row = (await session.execute(query)).first()
        return None if row is None else decode_cdr(row._asdict())

    async def each(
        self, begin: datetime, end: datetime, *, account: str = ""
    ) -> AsyncIterator[StoredCdr]:
        """Yield the CDRs of calls that ended from `begin` until before `end`, oldest first.

        Others have their turns in between, also where the caller never waits for anything.
        """
        last = Position(begin, 0)
        while True:
            within = in_range(last.end_time, end, account)
            query = select(CDRS).where(*within, _newer(last)).order_by(*OLDEST).limit(CHUNK)
            async with self._database.reading() as session:
                rows = (await session.execute(query)).all()
            async for row in paced(rows):
                yield decode_cdr(row._asdict())
            if len(rows) < CHUNK:
                return
            last = Position(rows[-1].end_time, rows[-1].flow_no)

    async def page(self, query: CdrQuery) -> list[StoredCdr]:
        """Return the CDRs that match, newest first, at most `query.limit`."""
        found: dict[int, Any] = {}
        async with self._database.reading() as session:
            for statement in statements(query):
                for row in await session.execute(statement):
                    found[row.flow_no] = row
        newest = sorted(found.values(), key=lambda row: (row.end_time, row.flow_no), reverse=True)
        return [decode_cdr(row._asdict()) for row in newest[: query.limit]]


def position_of(stored: StoredCdr) -> Position:
    """Return where a page that ends with `stored` ends."""
    return Position(stored.cdr.call.end_time, stored.flow_no)


def statements(query: CdrQuery) -> list[Select[Any]]:
    """Return statements whose union is the query, each served by one index.

    A number, else a gateway, stands in one of two columns: each column has its index.
    """
    either = _either(query)
    first = next((name for name in either if name), None)
    narrow = [condition for name, parts in either.items() if name != first for condition in parts]
    conditions = [*_common(query), *(or_(*narrow[at : at + 2]) for at in range(0, len(narrow), 2))]
    alternatives = either[first] if first else [true()]
    return [
        select(CDRS).where(*conditions, one).order_by(*NEWEST).limit(query.limit)
        for one in alternatives
    ]


def _either(query: CdrQuery) -> dict[str, list[ColumnElement[bool]]]:
    """Return the filters that mean one of two columns, the most selective first."""
    filters = {}
    for name, value, columns in (
        ("caller", query.caller, (CDRS.c.caller, CDRS.c.caller_access)),
        ("callee", query.callee, (CDRS.c.callee, CDRS.c.callee_access)),
        ("gateway", query.gateway, (CDRS.c.caller_name, CDRS.c.callee_name)),
    ):
        if value:
            filters[name] = [column == value for column in columns]
    return filters


def _common(query: CdrQuery) -> list[ColumnElement[bool]]:
    conditions = [CDRS.c.end_time >= query.begin, _before(query)]
    if query.account:
        conditions.append(CDRS.c.account == query.account)
    if query.answered_only:
        conditions.append(CDRS.c.answer_time.is_not(None))
    return conditions


def _before(query: CdrQuery) -> ColumnElement[bool]:
    """Return one upper limit: of two, SQLite would walk its index from the wrong one."""
    if query.after is None or query.after.end_time >= query.end:
        return CDRS.c.end_time < query.end
    return _older(query.after)


def _newer(position: Position) -> ColumnElement[bool]:
    """Return what is newer of the CDRs that do not end before `position`."""
    return or_(CDRS.c.end_time > position.end_time, CDRS.c.flow_no > position.flow_no)


def _older(position: Position) -> ColumnElement[bool]:
    return and_(
        CDRS.c.end_time <= position.end_time,
        or_(CDRS.c.end_time < position.end_time, CDRS.c.flow_no < position.flow_no),
    )
