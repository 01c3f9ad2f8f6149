"""A Redis for the tests of this folder, empty for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis
from support.redis import RedisServer, redis_server
from trunkline_routing.shared.connection import SharedStore, open_store


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> Iterator[RedisServer]:
    yield server
    with Redis.from_url(server.url) as client:
        client.flushall()


@pytest.fixture
async def store(redis: RedisServer) -> AsyncIterator[SharedStore]:
    async with open_store(redis.url) as opened:
        yield opened
