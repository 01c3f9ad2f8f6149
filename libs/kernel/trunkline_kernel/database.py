"""A service's own database: SQLite in a file by default, PostgreSQL by URL, one model for both.

Migrations are Alembic's and run in the process at start: the kernel's tables (parameters,
documents), then the service's; see `migration`.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Numeric, String, event, make_url, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.types import TypeDecorator, TypeEngine

from .migration import is_current, upgrade
from .settings import DatabaseSettings

KERNEL_MIGRATIONS: Final = "trunkline_kernel:migrations"

DEFAULT_URL: Final = "sqlite+aiosqlite:///./var/{service}.db"

BUSY_TIMEOUT: Final = 5000
"""Milliseconds that SQLite waits for another writer."""

MIGRATION_LOCK: Final = 7_286_351_002
"""PostgreSQL advisory lock that makes replicas migrate one after another. Any number will do."""


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal that comes back as stored: NUMERIC, or text on SQLite, which has only floats.

    On SQLite it can be compared for equality, not ordered or summed in SQL.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type."""
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Refuse what is no exact number: floats, NaN and infinity."""
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError(f"an exact decimal is needed, not {value!r}")
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the decimal."""
        return None if value is None else Decimal(value)


class _TimeAsText(sqlite.DATETIME):
    """Written as SQLAlchemy does, at a third of the cost."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:
        """Return what spells a time."""
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, always with time zone UTC in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_TimeAsText())  # type: ignore[no-untyped-call]
        return super().load_dialect_impl(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: nobody knows when that is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError(f"a time with its zone is needed, not {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC)


class MigrationsDone(Exception):
    """The tables are up to date, and that was all this process was started for."""


class Database:
    """Engine and sessions of one service."""

    def __init__(
        self,
        url: str,
        *,
        synchronous: str = "FULL",
        connect: Callable[[], Awaitable[Any]] | None = None,
        migrate: str = "at_start",
    ) -> None:
        """`synchronous` is SQLite's pragma: FULL survives a power cut, NORMAL only a crash.

        `connect` makes the driver's connections, for simulation. `migrate` is the setting.
        """
        self._migrate = migrate
        self._synchronous = synchronous
        self.url = _with_driver(make_url(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._make_folder()
        self.engine = self._create_engine(connect)
        if self.is_sqlite:
            _prepare_sqlite(self.engine, synchronous)
        self._write = async_sessionmaker(self.engine, expire_on_commit=False)
        reading = self.engine.execution_options(begin="BEGIN")
        self._read = async_sessionmaker(reading, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that writes: committed at the end, rolled back on an error."""
        async with self._write() as session, session.begin():
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads, so that SQLite lets others write meanwhile."""
        async with self._read() as session, session.begin():
            yield session

    async def glance(self, query: str) -> Any:
        """Return the value that a query finds, outside of any transaction.

        For what is asked every second: the thread of SQLite is visited once, not for each of half
        a dozen statements.
        """
        async with self.engine.connect() as connection:
            if not self.is_sqlite:
                return (await connection.exec_driver_sql(query)).scalar_one()
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            try:
                ((value,),) = await driver.execute_fetchall(query)
            except sqlite3.Error as error:
                raise DBAPIError(query, None, error) from error
            return value

    @asynccontextmanager
    async def drafting(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction for rows that nothing refers to yet: its commit awaits no disk.

        A power cut may lose it, until the next `session` commits and with it all before.
        """
        async with self.engine.connect() as connection:
            if not self.is_sqlite:
                async with connection.begin():
                    await connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield connection
                return
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.execute("PRAGMA synchronous = NORMAL")
            try:
                async with connection.begin():
                    yield connection
            finally:
                await driver.execute(f"PRAGMA synchronous = {self._synchronous}")

    async def migrate(self, *locations: str) -> None:
        """Bring the kernel's tables and those of `locations` ("package:folder") up to date.

        Does nothing when the setting says never; raises `MigrationsDone` when it says only.
        """
        if self._migrate == "never":
            return
        async with self.engine.begin() as connection:
            if not self.is_sqlite:
                lock = text("SELECT pg_advisory_xact_lock(:lock)")
                await connection.execute(lock, {"lock": MIGRATION_LOCK})
            for location in (KERNEL_MIGRATIONS, *locations):
                if not await connection.run_sync(is_current, location):
                    await connection.run_sync(upgrade, location)
        if self._migrate == "only":
            raise MigrationsDone

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    def _make_folder(self) -> None:
        if self.is_sqlite and self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)

    def _create_engine(self, connect: Callable[[], Awaitable[Any]] | None) -> AsyncEngine:
        options: dict[str, Any] = {}
        if self.is_sqlite:
            options["poolclass"] = AsyncAdaptedQueuePool
            if self.url.database in (None, "", ":memory:"):
                options.update(pool_size=1, max_overflow=0)  # one connection is the database
        else:
            options["pool_pre_ping"] = True
        if connect is not None:
            options["async_creator"] = connect
        return create_async_engine(self.url, **options)


@asynccontextmanager
async def open_database(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Open the database that `settings` name, ./var/<service>.db unless they say otherwise."""
    url = settings.database_url or DEFAULT_URL.format(service=settings.service)
    database = Database(url, migrate=settings.migrate)
    try:
        yield database
    finally:
        await database.close()


def _prepare_sqlite(engine: AsyncEngine, synchronous: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that first reads and then writes fails when another writer came between.
        begin = connection.get_execution_options().get("begin", "BEGIN IMMEDIATE")
        connection.exec_driver_sql(begin)


def _with_driver(url: URL) -> URL:
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    return url.set(drivername=drivers.get(url.drivername, url.drivername))
