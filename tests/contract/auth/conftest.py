"""An auth service with a database of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.auth_service import RunningAuth, start_auth
from trunkline_kernel.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/auth.db")
    await database.migrate("trunkline_auth:store/migrations")
    yield database
    await database.close()


@pytest.fixture
async def auth(database: Database) -> RunningAuth:
    return await start_auth(database)
