"""Routing's shared state in a real Redis: two replicas see one number (0.6)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.redis import RedisServer
from support.routing import NOON, Bench
from support.seat_contract import SeatContract, fill, holder, take
from trunkline_kernel import shared_state
from trunkline_routing.calls.health import GatewayReport
from trunkline_routing.candidates.offer import Offer
from trunkline_routing.capacity.seats import CALLER, LEASE, Refused, Taken
from trunkline_routing.errors import UnknownCall
from trunkline_routing.model.callers import Claim
from trunkline_routing.shared.connection import SharedStore, open_store
from trunkline_routing.shared.health import SharedHealth
from trunkline_routing.shared.quality import SharedQuality
from trunkline_routing.shared.seats import RedisSeats
from trunkline_routing.shared.turns import RedisRotation

pytestmark = pytest.mark.integration

VENDOR = Claim("vendor", limit=2)


class TestRedisSeats(SeatContract):
    @pytest.fixture
    def seats(self, store: SharedStore) -> RedisSeats:
        return RedisSeats(store)


async def test_two_replicas_never_take_more_seats_than_there_are(store: SharedStore) -> None:
    replicas = [RedisSeats(store), RedisSeats(store)]
    claim = Claim("vendor", limit=10)
    refused = await asyncio.gather(
        *(take(replicas[number % 2], holder(str(number)), [claim], 0.0) for number in range(40))
    )
    await replicas[0].expire(0.0)

    assert refused.count(None) == 10
    assert replicas[0].calls("vendor") == 10


async def test_a_seat_taken_at_one_replica_is_freed_at_another(store: SharedStore) -> None:
    one, other = RedisSeats(store), RedisSeats(store)
    await take(one, holder("call"), [VENDOR], 0.0)
    await other.release("call")
    await one.expire(0.0)

    assert one.calls("vendor") == 0


async def test_a_lost_instance_is_cleared_once_whoever_looks_first(store: SharedStore) -> None:
    one, other = RedisSeats(store), RedisSeats(store)
    await take(one, holder("call"), [VENDOR], 0.0)

    assert await other.expire(LEASE + 0.1) == ["call"]
    assert await one.expire(LEASE + 0.1) == []
    assert one.calls("vendor") == 0


async def test_seats_are_counted_on_from_what_was_seen_while_redis_is_away(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "RETRY_AFTER", 0.0)
    async with open_store(redis.url) as store:
        seats = RedisSeats(store)
        await take(seats, holder("before"), [VENDOR], 0.0)
        redis.stop()
        during = await take(seats, holder("during"), [VENDOR], 0.0)
        full = await take(seats, holder("full"), [VENDOR], 0.0)
        await seats.release("before")
        freed = await take(seats, holder("freed"), [VENDOR], 0.0)
        redis.start()
        await seats.expire(0.0)

        assert (during, full, freed) == (None, VENDOR, None)
        assert seats.calls("vendor") == 2
    async with open_store(redis.url) as store:
        other = RedisSeats(store)
        await other.expire(0.0)

        assert other.calls("vendor") == 2


async def test_a_call_routed_while_redis_is_away_has_its_seats_and_its_note_there_afterwards(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "RETRY_AFTER", 0.0)
    customer = Claim("customer", limit=1)
    wanted = [Taken(holder("call", CALLER), (customer,)), Taken(holder("call", 1), (VENDOR,))]
    async with open_store(redis.url) as store:
        seats = RedisSeats(store)
        await seats.take([Taken(holder("first"), (VENDOR,))], 0.0)
        redis.stop()
        taken = await seats.take(wanted, 0.0, lambda: "note")
        refused = await seats.take(
            [Taken(holder("third", CALLER), ()), Taken(holder("third", 1), (VENDOR,))], 0.0
        )
        redis.start()
        await seats.expire(0.0)

        assert (taken, refused) == (None, Refused(1, VENDOR, 2))
    async with open_store(redis.url) as store:
        other = RedisSeats(store)
        await other.expire(0.0)

        assert (other.calls("customer"), other.calls("vendor")) == (1, 2)
        assert await other.note("call") == "note"


async def test_what_redis_missed_is_told_once_however_many_calls_begin(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "RETRY_AFTER", 0.0)
    monkeypatch.setattr(shared_state, "ANSWER_TIMEOUT", 5.0)
    async with open_store(redis.url) as store:
        seats = RedisSeats(store)
        redis.stop()
        await fill(seats, Claim("vendor"), 20)
        redis.start()
        await asyncio.gather(*(fill(seats, Claim(f"vendor-{number}"), 1) for number in range(10)))

        assert await scripts_run(store) == 20 + 10


async def test_a_redis_that_comes_back_empty_asks_for_the_seats(
    redis: RedisServer, store: SharedStore
) -> None:
    seats = RedisSeats(store)
    await seats.announce("signaling-1", "1", [Taken(holder("call"), (VENDOR,))], 0.0)
    assert await seats.renew("signaling-1", "1", 0.0)

    await store.run(lambda client: client.flushall(), asyncio.Event().wait)
    assert not await seats.renew("signaling-1", "1", 0.0)


async def test_a_pool_is_gone_through_by_all_replicas_together(store: SharedStore) -> None:
    """RTE-26."""
    one, other = RedisRotation(store), RedisRotation(store)
    turns = [await each.turn("pool") for each in (one, other, one, other)]

    assert turns == [0, 1, 2, 3]


async def test_another_replica_goes_on_with_a_call(store: SharedStore) -> None:
    routing = {"a": {"priority": 1}, "b": {"priority": 2}}
    one, other = (Bench(routing=routing, seats=RedisSeats(store)) for _ in range(2))
    await one.plan(id="call")
    second = await other.fail("call", 1, "a")

    assert isinstance(second, Offer)
    assert second.endpoint.name == "b"


async def test_a_call_that_is_over_is_over_everywhere(store: SharedStore) -> None:
    one, other = (Bench(seats=RedisSeats(store), routing={"a": {}, "b": {}}) for _ in range(2))
    await one.plan(id="call")
    await one.router.release("call", None, one.now)

    with pytest.raises(UnknownCall):
        await other.fail("call", 1, "a")


async def test_a_call_costs_two_round_trips_to_redis(store: SharedStore) -> None:
    """The caller's seat, the first gateway's and the record at once; and the end of them."""
    bench = Bench(routing={"a": {}}, seats=RedisSeats(store))
    before = await scripts_run(store)
    await bench.plan(id="call")
    await bench.router.release("call", None, bench.now)

    assert await scripts_run(store) - before == 2


async def scripts_run(store: SharedStore) -> int:
    """Return how many scripts Redis has run, but for those it had to be told first."""

    async def ask(client: Any) -> int:
        counted = (await client.info("commandstats")).get("cmdstat_evalsha")
        return 0 if counted is None else counted["calls"] - counted["failed_calls"]

    return await store.run(ask, asyncio.Event().wait)


async def test_a_retry_after_is_heard_of_by_other_replicas(store: SharedStore) -> None:
    """SIG-26: cluster-wide."""
    one, other = SharedHealth(store), SharedHealth(store)
    one.disable("a", timedelta(seconds=20), NOON)
    await one.exchange(NOON)
    await other.exchange(NOON)

    assert other.condition("a", NOON).disabled_until == NOON + timedelta(seconds=20)
    assert other.condition("a", NOON + timedelta(seconds=20)).disabled_until is None


def heard(reachable: bool, published: int) -> GatewayReport:
    """Return what an instance says of a gateway that has published."""
    return GatewayReport("a", reachable, published, publish_time=NOON.timestamp())


async def test_a_gateway_that_any_node_reaches_is_reachable(store: SharedStore) -> None:
    """0.6: OPTIONS state, any node's success wins; SIG-14: limits are cluster-wide."""
    one, other = SharedHealth(store), SharedHealth(store)
    one.report("signaling-1", [heard(False, 3)], NOON)
    await one.exchange(NOON)
    await other.exchange(NOON)
    alone = other.condition("a", NOON).reachable
    other.report("signaling-2", [GatewayReport("a", reachable=True)], NOON)
    await other.exchange(NOON)
    await one.exchange(NOON)

    assert alone is False
    assert one.condition("a", NOON).reachable
    assert other.condition("a", NOON).published == 3
    assert other.condition("a", NOON + timedelta(seconds=30)).published is None


async def test_ratios_are_those_of_the_whole_cluster(store: SharedStore) -> None:
    """RTE-13."""
    one, other = SharedQuality(store), SharedQuality(store)
    for answered, quality in ((True, one), (False, one), (False, other), (False, other)):
        quality.book("a", answered=answered, talk=timedelta(seconds=30 * answered), now=NOON)
    for quality in (one, other, one):
        await quality.exchange(NOON)

    assert one.answer_ratio("a", NOON) == other.answer_ratio("a", NOON) == 25
    assert one.ratios("a", NOON).mean_talk == timedelta(seconds=30)
    later = NOON + timedelta(hours=1)
    await one.exchange(later)
    assert one.answer_ratio("a", later) is None


async def test_ratios_are_our_own_while_redis_is_away(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_state, "RETRY_AFTER", 0.0)
    async with open_store(redis.url) as store:
        quality = SharedQuality(store)
        redis.stop()
        quality.book("a", answered=True, talk=timedelta(0), now=NOON)
        await quality.exchange(NOON)
        away = quality.answer_ratio("a", NOON)
        redis.start()
        await quality.exchange(NOON)

        assert away == 100
        assert quality.ratios("a", NOON).attempts == 1
