"""Redis goes and comes back: authentication fails open, calls go on, nothing waits for long."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from support.auth_doors import NOON, House, Knocker, phone, status
from support.redis import RedisServer
from trunkline_auth.admission.failures import FailureKey, SuspensionKind
from trunkline_auth.admission.policy import Policy
from trunkline_auth.lists import Entry, EntryKey, ListedFor, Party
from trunkline_auth.shared import open_store, state_in_redis
from trunkline_auth.state import AuthState
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.shared_state import ANSWER_TIMEOUT, RETRY_AFTER

pytestmark = pytest.mark.integration

ALICE = phone("1001", "right")
KEY = FailureKey(SuspensionKind.AUTHENTICATION, "1001", "203.0.113.7")
ENTRY = Entry(EntryKey(Party.CALLEE, "777"), ListedFor.MANUAL, NOON, NOON + timedelta(hours=1))


@dataclass
class Cluster:
    """Two replicas over one Redis."""

    redis: RedisServer
    metrics: Metrics
    one: AuthState
    other: AuthState

    def is_away(self) -> bool:
        return "trunkline_auth_shared_state_away 1.0" in self.metrics.render().decode()

    async def come_back(self) -> None:
        self.redis.start()
        await asyncio.sleep(RETRY_AFTER)


@pytest.fixture
async def cluster(redis: RedisServer) -> AsyncIterator[Cluster]:
    metrics = Metrics("auth")
    async with open_store(redis.url, metrics) as one, open_store(redis.url) as other:
        yield Cluster(redis, metrics, state_in_redis(one), state_in_redis(other))
    redis.stop()
    redis.start()


async def test_suspensions_and_lists_fail_open_while_redis_is_away(cluster: Cluster) -> None:
    await cluster.one.doors.failures.suspend(KEY, timedelta(hours=1), NOON)
    await cluster.one.black_list.put(ENTRY)
    cluster.redis.stop()

    assert await cluster.one.doors.failures.suspension(KEY, NOON) is None
    assert await cluster.one.black_list.find([ENTRY.key], NOON) is None
    assert cluster.is_away()


async def test_what_redis_knew_holds_again_when_it_is_back(cluster: Cluster) -> None:
    await cluster.one.doors.failures.suspend(KEY, timedelta(hours=1), NOON)
    await cluster.one.black_list.put(ENTRY)
    cluster.redis.stop()
    await cluster.one.black_list.find([ENTRY.key], NOON)
    await cluster.come_back()

    assert await cluster.other.doors.failures.suspension(KEY, NOON) is not None
    assert await cluster.one.black_list.find([ENTRY.key], NOON) == ENTRY
    assert not cluster.is_away()


async def test_phones_register_and_call_while_redis_is_away(cluster: Cluster) -> None:
    house = House(ALICE, policy=Policy(session_retry=2), state=cluster.one.doors)
    client = Knocker(house, "1001", "right")
    cluster.redis.stop()

    assert status(await client.signed_register()) == 200
    assert await house.locate(ALICE) is not None
    client.new_call()
    assert status(await client.invite()) == 401
    assert [status(await client.invite(password="wrong")) for _ in range(2)] == [401, 403]


async def test_a_phone_known_before_is_found_while_redis_is_away(cluster: Cluster) -> None:
    house = House(ALICE, state=cluster.one.doors)
    await Knocker(house, "1001", "right").signed_register()
    cluster.redis.stop()

    assert await house.locate(ALICE) is not None


async def test_what_was_bound_meanwhile_is_told_when_redis_is_back(cluster: Cluster) -> None:
    bob = phone("1002", "right")
    house = House(ALICE, bob, state=cluster.one.doors)
    await Knocker(house, "1002", "right", "203.0.113.8:5060").signed_register()
    cluster.redis.stop()
    await Knocker(house, "1001", "right").signed_register()
    await house.doors.registrar.remove(bob.id)
    await cluster.come_back()

    await house.locate(ALICE)

    assert await cluster.other.doors.bindings.get(ALICE.id, NOON) is not None
    assert await cluster.other.doors.bindings.get(bob.id, NOON) is None


async def test_nobody_waits_for_a_redis_that_is_away(cluster: Cluster) -> None:
    cluster.redis.stop()
    await cluster.one.doors.failures.suspension(KEY, NOON)
    began = time.monotonic()

    for number in range(100):
        await cluster.one.doors.failures.suspension(replace(KEY, identity=str(number)), NOON)

    assert time.monotonic() - began < ANSWER_TIMEOUT
