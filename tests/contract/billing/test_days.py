"""CDRs by the day: partitions in PostgreSQL, retention on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from trunkline_billing.store.partitions import CdrDays
from trunkline_kernel.database import Database
from trunkline_kernel.faults import TrunklineError

NOW = datetime.now(UTC)


async def test_old_days_are_dropped_and_the_ledger_stays(url: str, billing: BillingClient) -> None:
    old = NOW - timedelta(days=40)
    await billing.settle(cdr("old", setup_time=old, answer_time=old, end_time=old))
    await billing.settle(cdr("new"))
    database = Database(url)

    await CdrDays(database, keep=timedelta(days=31)).maintain(NOW)

    await database.close()
    assert (await billing.cdr("new")).cdr.call_id == "new"
    with pytest.raises(TrunklineError, match="has no CDR"):
        await billing.cdr("old")
    assert {entry.reference for entry in (await billing.ledger()).entries} >= {"new", "acme"}


@pytest.mark.integration
async def test_a_cdr_is_kept_in_the_partition_of_its_day(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing:
        await billing.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await billing.settle(cdr())

    database = Database(postgres_url)
    async with database.engine.connect() as connection:
        (partition,) = await connection.scalars(text("SELECT tableoid::regclass::text FROM cdrs"))
    await database.close()
    assert partition.startswith(f"cdrs_{NOW:%Y}")


@pytest.mark.integration
async def test_a_day_is_dropped_whole(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing:
        await billing.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await billing.settle(cdr())
    database = Database(postgres_url)

    await CdrDays(database, keep=timedelta(days=1)).maintain(NOW + timedelta(days=4))

    async with database.engine.connect() as connection:
        left = await connection.scalar(text("SELECT count(*) FROM cdrs"))
    await database.close()
    assert left == 0
