"""Migrations make what the tables say, and can be taken back."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.store.tables import METADATA
from trunkline_kernel.database import Database


def columns(connection: Connection) -> dict[str, set[str]]:
    found = inspect(connection)
    return {
        table: {column["name"] for column in found.get_columns(table)}
        for table in found.get_table_names()
    }


async def test_the_migrations_make_the_tables(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    async with database.engine.connect() as connection:
        found = await connection.run_sync(columns)
    await database.close()

    wanted = {
        table.name: {column.name for column in table.columns} for table in METADATA.sorted_tables
    }
    assert {name: found.get(name) for name in wanted} == wanted


async def test_the_migrations_can_be_taken_back(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    async with database.engine.begin() as connection:
        await connection.run_sync(downgrade)
        left = await connection.run_sync(columns)
    await database.close()

    assert not left.keys() & {table.name for table in METADATA.sorted_tables}


def downgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes.update(connection=connection, location=MIGRATIONS)
    command.downgrade(config, "base")
