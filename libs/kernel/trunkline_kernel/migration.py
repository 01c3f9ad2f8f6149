"""Migrations with Alembic, loaded only by a process that has tables to bring up to date.

A location is "package:folder"; its `env.py` is two lines, see `run_migrations`. Revisions are named
by four digits, with which their files begin.
"""

from importlib.resources import files
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text


def is_current(connection: Connection, location: str) -> bool:
    """Return whether the tables of a location are those of its last revision."""
    package, _, folder = location.partition(":")
    versions = Path(str(files(package))) / folder / "versions"
    last = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    table = _version_table(location)
    if not inspect(connection).has_table(table):
        return False
    stored = connection.execute(text(f"SELECT version_num FROM {table}"))  # noqa: S608 - ours
    return stored.scalars().all() == [last]


def upgrade(connection: Connection, location: str) -> None:
    """Bring the tables of a location up to date."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", location)
    config.attributes["connection"] = connection
    config.attributes["location"] = location
    command.upgrade(config, "head")


def run_migrations(metadata: MetaData | None = None) -> None:
    """Run the migrations of the location whose `env.py` calls this."""
    from alembic import context

    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=_version_table(context.config.attributes["location"]),
        transactional_ddl=False,  # `Database.migrate` owns the transaction
    )
    context.run_migrations()


def _version_table(location: str) -> str:
    return f"alembic_version_{location.partition(':')[0]}"
