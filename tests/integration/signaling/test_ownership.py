"""Who registers at which vendor, when several instances share a Redis (SIG-01)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis
from support.redis import RedisServer, redis_server
from trunkline_kernel.shared_state import SharedState, connect_redis
from trunkline_signaling.shell.ownership import RedisOwnership

pytestmark = pytest.mark.integration

NAMES = {"vox", "tel"}


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@asynccontextmanager
async def instances(redis: RedisServer) -> AsyncIterator[tuple[RedisOwnership, RedisOwnership]]:
    """Two instances on an empty Redis."""
    with Redis.from_url(redis.url) as client:
        client.flushall()
    async with connect_redis(redis.url) as client:
        store = SharedState(client)
        yield RedisOwnership(store, "signaling-1"), RedisOwnership(store, "signaling-2")


async def test_each_registration_has_one_owner(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        assert await first.claim({"vox"}) == {"vox"}
        assert await second.claim(NAMES) == {"tel"}
        assert await first.claim(NAMES) == {"vox"}


async def test_what_is_left_is_the_others_at_once(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await second.claim(())
        await first.claim(NAMES)

        assert await first.leave()
        assert await second.claim(NAMES) == NAMES


async def test_the_last_one_has_no_heir(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await first.claim(NAMES)
        await second.claim(NAMES)

        assert await second.leave()
        assert not await first.leave()


async def test_an_instance_that_comes_back_has_what_was_its(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await first.claim(NAMES)
        async with connect_redis(redis.url) as client:
            again = RedisOwnership(SharedState(client), "signaling-1")

            assert await second.claim(NAMES) == set()
            assert await again.claim(NAMES) == NAMES


async def test_what_a_dead_instance_owned_is_free_after_its_lease(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await first.claim(NAMES)
        with Redis.from_url(redis.url) as client:
            for name in NAMES:
                client.pexpire(f"{{trunkline:signaling}}:registration:{name}", 1)

        while not await second.claim(NAMES):
            pass


async def test_while_redis_is_away_everybody_keeps_what_is_theirs(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await first.claim({"vox"})
        await second.claim({"tel"})
        redis.stop()
        try:
            assert await first.claim(NAMES) == {"vox"}
            assert await second.claim(NAMES) == {"tel"}
            assert not await first.leave()
        finally:
            redis.start()
