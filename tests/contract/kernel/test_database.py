"""The database: exact money, times with zones, transactions, migrations that may run twice."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, insert, inspect, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError, StatementError
from trunkline_kernel.database import Database, ExactDecimal, MigrationsDone, UtcDateTime

ENTRIES = Table(
    "entries",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("amount", ExactDecimal),
    Column("at", UtcDateTime),
)


async def create(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(ENTRIES.metadata.create_all)


@pytest.mark.parametrize("amount", ["0.0120", "-1.10", "123456789012345678901234.000000000001"])
async def test_an_amount_comes_back_as_it_was_stored(database: Database, amount: str) -> None:
    await create(database)
    async with database.session() as session:
        await session.execute(insert(ENTRIES).values(id=1, amount=Decimal(amount)))

    async with database.reading() as session:
        found = (await session.execute(select(ENTRIES.c.amount))).scalar_one()

    assert str(found) == amount


@pytest.mark.parametrize("amount", [0.1, Decimal("NaN"), Decimal("Infinity")], ids=str)
async def test_what_is_not_exact_is_refused(database: Database, amount: object) -> None:
    await create(database)

    with pytest.raises(StatementError, match="exact decimal"):
        async with database.session() as session:
            await session.execute(insert(ENTRIES).values(id=1, amount=amount))


async def test_a_time_comes_back_in_utc(database: Database) -> None:
    await create(database)
    at = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    async with database.session() as session:
        await session.execute(insert(ENTRIES).values(id=1, at=at))

    async with database.reading() as session:
        found = (await session.execute(select(ENTRIES.c.at))).scalar_one()

    assert (found, found.tzinfo) == (at, UTC)


@pytest.mark.parametrize("moment", [datetime(1, 1, 1), datetime(2026, 3, 1, 12, 0, 0, 1)])
def test_a_time_is_spelled_as_sqlalchemy_does(moment: datetime) -> None:
    dialect = sqlite.dialect()
    spelled, usual = (
        kind.dialect_impl(dialect).bind_processor(dialect) for kind in (UtcDateTime(), DateTime())
    )

    assert spelled is not None and usual is not None
    assert spelled(moment.replace(tzinfo=UTC)) == usual(moment)


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    await create(database)

    with pytest.raises(StatementError, match="zone"):
        async with database.session() as session:
            await session.execute(insert(ENTRIES).values(id=1, at=datetime(2026, 1, 1)))


async def test_a_glance_finds_what_was_committed_last(database: Database) -> None:
    await create(database)
    query = "SELECT max(id) FROM entries"
    async with database.session() as session:
        await session.execute(insert(ENTRIES).values(id=1))
    before = await database.glance(query)
    async with database.session() as session:
        await session.execute(insert(ENTRIES).values(id=2))

    assert [before, await database.glance(query)] == [1, 2]


async def test_a_glance_that_fails_is_an_error_of_the_database(database: Database) -> None:
    with pytest.raises(SQLAlchemyError):
        await database.glance("SELECT max(id) FROM nowhere")
    await create(database)

    assert await database.glance("SELECT count(*) FROM entries") == 0


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    await create(database)

    with pytest.raises(IntegrityError):
        async with database.session() as session:
            await session.execute(insert(ENTRIES).values(id=1))
            await session.execute(insert(ENTRIES).values(id=1))

    async with database.reading() as session:
        assert (await session.execute(select(ENTRIES.c.id))).all() == []


async def test_replicas_may_migrate_at_the_same_time(database: Database, replica: Database) -> None:
    await asyncio.gather(database.migrate(), replica.migrate())


def test_tables_that_are_up_to_date_need_no_alembic(url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from trunkline_kernel.database import Database\n"
        "async def main():\n"
        "    database = Database(sys.argv[1])\n"
        "    await database.migrate()\n"
        "    await database.close()\n"
        "    print('alembic' in sys.modules)\n"
        "asyncio.run(main())\n"
    )
    loaded = [
        subprocess.run(
            [sys.executable, "-c", code, url], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]

    assert loaded == ["True", "False"]


async def test_a_migration_job_ends_with_the_tables_and_a_replica_leaves_them_alone(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/jobs.db"
    replica = Database(url, migrate="never")
    await replica.migrate()
    assert await table_names(replica) == set()
    await replica.close()
    job = Database(url, migrate="only")

    with pytest.raises(MigrationsDone):
        await job.migrate()

    assert "documents" in await table_names(job)
    await job.close()


async def table_names(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))
