"""A Redis for the tests of this folder, empty for each."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis
from support.redis import RedisServer, redis_server
from trunkline_auth.memory import NoJournal
from trunkline_auth.shared import open_store, state_in_redis
from trunkline_auth.state import AuthState, state_in_memory


@pytest.fixture(scope="session")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> Iterator[RedisServer]:
    yield server
    with Redis.from_url(server.url) as client:
        client.flushall()


@pytest.fixture(params=["memory", "redis"])
async def state(request: pytest.FixtureRequest) -> AsyncIterator[AuthState]:
    if request.param == "memory":
        yield state_in_memory(NoJournal())
        return
    server: RedisServer = request.getfixturevalue("redis")
    async with open_store(server.url) as store:
        yield state_in_redis(store)
