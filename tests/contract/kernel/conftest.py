"""A migrated database of each kind. PostgreSQL must be installed for its half."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from support.postgres import postgres_cluster
from trunkline_kernel.database import Database


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    with postgres_cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kernel.db"
    server: str = request.getfixturevalue("cluster")
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
async def replica(url: str, database: Database) -> AsyncIterator[Database]:
    """Another process on the same database."""
    other = Database(url)
    yield other
    await other.close()
