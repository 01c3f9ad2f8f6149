"""Where instances are and what they hand over, when they share a Redis (SIG-21, ADR 16)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis import Redis
from support.redis import RedisServer, redis_server
from trunkline_kernel.shared_state import SharedState, connect_redis
from trunkline_signaling.calls.owner import mark_of
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.shell.handovers import Handover, RedisHandovers

pytestmark = pytest.mark.integration

SECOND = mark_of("signaling-2")
WHERE = ("10.0.0.2", 5060)
HANDOVER = Handover(Endpoint(EndpointKind.PHONE, "2001"), "call-1")


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@asynccontextmanager
async def instances(redis: RedisServer) -> AsyncIterator[tuple[RedisHandovers, RedisHandovers]]:
    """Two instances on an empty Redis; the second has told where it is."""
    with Redis.from_url(redis.url) as client:
        client.flushall()
    async with connect_redis(redis.url) as client:
        store = SharedState(client)
        second = RedisHandovers(store, "signaling-2", WHERE)
        await second.announce()
        yield RedisHandovers(store, "signaling-1", ("10.0.0.1", 5060)), second


async def test_what_is_handed_over_arrives_once(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        offered = await first.offer(SECOND, HANDOVER)

        assert offered is not None
        assert offered.address == WHERE
        assert await second.take(offered.ticket) == HANDOVER
        assert await second.take(offered.ticket) is None


async def test_a_guessed_ticket_is_worth_nothing(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        await first.offer(SECOND, HANDOVER)

        assert await second.take("0" * 32) is None


async def test_an_instance_that_died_is_forgotten(redis: RedisServer) -> None:
    async with instances(redis) as (first, _):
        with Redis.from_url(redis.url) as client:
            client.pexpire(f"{{trunkline:signaling}}:sip:{SECOND}", 1)

        while await first.offer(SECOND, HANDOVER) is not None:
            pass


async def test_while_redis_is_away_nothing_is_handed_over(redis: RedisServer) -> None:
    async with instances(redis) as (first, second):
        redis.stop()
        try:
            assert await first.offer(SECOND, HANDOVER) is None
            assert await second.take("any") is None
        finally:
            redis.start()
