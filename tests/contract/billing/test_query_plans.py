"""BIL-13: every filter of the CDR list is served by an index, however many CDRs there are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.cdrs.query import CdrQuery, Position
from trunkline_billing.store.cdr_reader import statements
from trunkline_kernel.database import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)

FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "account": {"account": "acme"},
    "caller": {"caller": "1555"},
    "callee": {"callee": "4477"},
    "gateway": {"gateway": "vox"},
    "caller and gateway": {"caller": "1555", "gateway": "vox"},
    "a later page": {"account": "acme", "after": Position(NOW - timedelta(days=9), 7)},
}


async def plans(url: str, query: CdrQuery) -> list[str]:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    found = []
    async with database.engine.connect() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET enable_seqscan TO off"))  # the tables are empty
        for statement in statements(query):
            sql = statement.compile(
                database.engine.sync_engine, compile_kwargs={"literal_binds": True}
            )
            rows = await connection.exec_driver_sql(explain + str(sql))
            found.append(" ".join(str(row) for row in rows))
    await database.close()
    return found


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS.keys())
async def test_bil_13_a_page_is_read_by_an_index(url: str, filters: dict[str, Any]) -> None:
    query = CdrQuery(begin=NOW - timedelta(days=31), end=NOW, **filters)

    for plan in await plans(url, query):
        assert "cdrs_by" in plan or "_idx" in plan
        assert "Seq Scan" not in plan
        assert "TEMP B-TREE FOR ORDER BY" not in plan


async def test_bil_13_an_accounts_index_tells_its_gateways_apart(url: str) -> None:
    """Else its rows are read until enough of them are the gateway's: fifty for one, of fifty."""
    query = CdrQuery(NOW - timedelta(days=31), NOW, account="acme", gateway="vox")

    for plan in await plans(url, query):
        assert "cdrs_by_account_and_gateways" in plan or "_account_end_time" in plan
        assert "Filter" not in plan


def test_bil_13_a_later_page_begins_where_the_last_one_ended() -> None:
    """Of two upper limits SQLite walks its index from the first, through all that came before."""
    query = CdrQuery(NOW - timedelta(days=31), NOW, after=Position(NOW - timedelta(days=9), 7))

    (statement,) = statements(query)

    assert NOW not in statement.compile().params.values()
