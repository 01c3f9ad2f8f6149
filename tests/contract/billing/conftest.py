"""Billing on a database of each kind. PostgreSQL must be installed for its half."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from support.billing_service import ACME, RETAIL, BillingClient, running_billing
from support.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def cluster(postgres: PostgresServer) -> str:
    return postgres.url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/billing.db"
    return await new_database(request.getfixturevalue("cluster"))


@pytest.fixture
async def postgres_url(cluster: str) -> str:
    return await new_database(cluster)


async def new_database(server: str) -> str:
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
async def billing(url: str) -> AsyncIterator[BillingClient]:
    """A running service with one account of 1.00 USD, at 0.10 a minute to 44."""
    async with running_billing(url) as client:
        await client.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        yield client
