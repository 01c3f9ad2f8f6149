"""An auth service with a database of the test's own; where a test asks, of either kind."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from support.auth_service import RunningAuth, start_auth
from support.postgres import postgres_cluster
from trunkline_kernel.database import Database


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    with postgres_cluster() as url:
        yield url


@pytest.fixture
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/auth.db"
    server: str = request.getfixturevalue("cluster")
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate("trunkline_auth:store/migrations")
    yield database
    await database.close()


@pytest.fixture
async def auth(database: Database) -> RunningAuth:
    return await start_auth(database)
