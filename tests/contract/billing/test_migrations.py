"""Migrations make what the tables say, and can be taken back."""

from datetime import timedelta
from decimal import Decimal
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.store.tables import METADATA, PURSES
from trunkline_kernel.database import Database

SCRIPTS = ScriptDirectory(str(files("trunkline_billing") / "store/migrations"))
PURSE = {
    "account": "acme",
    "balance": Decimal("12.34"),
    "reserved": Decimal(1),
    "calls": 2,
    "spent_hour": Decimal(0),
    "spent_day": Decimal(0),
    "hour_calls": 0,
    "hour_expensive": 0,
    "hour_time": timedelta(0),
    "hour_value": Decimal(0),
}


def columns(connection: Connection) -> dict[str, set[str]]:
    found = inspect(connection)
    return {
        table: {column["name"] for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


def indexes(connection: Connection) -> dict[str, list[str | None]]:
    found = inspect(connection)
    return {
        str(index["name"]): index["column_names"]
        for table in METADATA.tables
        for index in found.get_indexes(table)
        if "duplicates_constraint" not in index
    }


async def test_the_migrations_make_the_tables(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    async with database.engine.connect() as connection:
        found = await connection.run_sync(columns)
        indexed = await connection.run_sync(indexes)
    await database.close()

    wanted = {
        table.name: {column.name for column in table.columns} for table in METADATA.sorted_tables
    }
    assert {name: found.get(name) for name in wanted} == wanted
    assert indexed == {
        index.name: [column.name for column in index.columns]
        for table in METADATA.sorted_tables
        for index in table.indexes
    }


async def test_the_migrations_can_be_taken_back(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    async with database.engine.begin() as connection:
        await connection.run_sync(downgrade)
        left = await connection.run_sync(columns)
    await database.close()

    assert not left.keys() & {table.name for table in METADATA.sorted_tables}


async def test_every_migration_goes_back_and_forth_and_keeps_the_money(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    async with database.engine.begin() as connection:
        await connection.execute(insert(PURSES).values(PURSE))
        wanted = await connection.run_sync(columns)

    for _ in range(len(list(SCRIPTS.walk_revisions())) - 1):
        async with database.engine.begin() as connection:
            await connection.run_sync(downgrade, "-1")
    async with database.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT account, balance FROM purses"))).one()
    await database.migrate(MIGRATIONS)

    async with database.engine.connect() as connection:
        found = await connection.run_sync(columns)
        purse = (await connection.execute(select(PURSES))).one()
    await database.close()
    assert (kept.account, Decimal(kept.balance)) == ("acme", Decimal("12.34"))
    assert (purse.balance, purse.calls) == (Decimal("12.34"), 2)
    assert found == wanted


def downgrade(connection: Connection, target: str = "base") -> None:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes.update(connection=connection, location=MIGRATIONS)
    command.downgrade(config, target)
