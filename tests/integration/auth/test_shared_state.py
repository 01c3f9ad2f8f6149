"""What must be one number for the cluster keeps its promises in memory and in Redis alike."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.auth_doors import NOON, House, Knocker, address, phone, status
from trunkline_auth.admission.failures import FailureKey, SuspensionKind
from trunkline_auth.admission.policy import Policy
from trunkline_auth.identity import EndpointId, EndpointKind, Transport, parse_ip
from trunkline_auth.lists import (
    Entry,
    EntryFilter,
    EntryKey,
    ListedFor,
    Party,
    WindowKey,
)
from trunkline_auth.registrations import Binding
from trunkline_auth.state import AuthState

pytestmark = pytest.mark.integration

ALICE = phone("1001", "right")
KEY = FailureKey(SuspensionKind.AUTHENTICATION, 'a "b" \u00e9', "2001:db8::1")
WINDOW = WindowKey(ListedFor.MALICIOUS_CALLEE, "777")
BOUND = Binding(
    EndpointId(EndpointKind.PHONE, "1001"),
    contact="sip:1001@10.0.0.5:5060",
    received=address("203.0.113.7:5060"),
    transport=Transport.TLS,
    registered=NOON,
    updated=NOON + timedelta(seconds=60),
    expires=NOON + timedelta(seconds=600),
    call_id="call-1",
    cseq=2**32 - 1,
    local=address("2001:db8::1:5061"),
    user_agent="phone/1.0",
    instance_id="<urn:uuid:1>",
    signaling_instance="signaling-0",
    behind_nat=True,
    misses=1,
)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def bound(name: str, **more: object) -> Binding:
    return replace(BOUND, endpoint=EndpointId(EndpointKind.PHONE, name), **more)  # type: ignore[arg-type]


async def test_a_session_keeps_its_limits_and_counts_its_failures(state: AuthState) -> None:
    sessions = state.doors.sessions
    opened = await sessions.open("key", 6, seconds(10), NOON)
    failed = await sessions.fail("key", NOON + seconds(1))

    again = await sessions.open("key", 2, seconds(1), NOON + seconds(2))

    assert (opened.failures, opened.retry, opened.timeout) == (0, 6, seconds(10))
    assert failed == again == replace(opened, failures=1)


async def test_a_session_is_forgotten_when_it_ends_or_long_after(state: AuthState) -> None:
    sessions = state.doors.sessions
    await sessions.open("ended", 6, seconds(10), NOON)
    await sessions.fail("ended", NOON)
    await sessions.end("ended")
    await sessions.open("old", 6, seconds(10), NOON)

    assert (await sessions.open("ended", 6, seconds(10), NOON)).failures == 0
    assert await sessions.fail("old", NOON + seconds(41)) is not None
    assert await sessions.fail("old", NOON + seconds(42)) is None
    assert await sessions.fail("never", NOON) is None


async def test_a_nonce_count_grows_or_is_the_same_request_again(state: AuthState) -> None:
    async def use(count: int, request: str) -> bool:
        until = NOON + seconds(10)
        return await state.doors.nonce_counts.use("nonce", count, request, until, NOON)

    assert await use(1, "a")
    assert await use(1, "a")
    assert not await use(1, "b")
    assert await use(9, "b")
    assert not await use(2, "a")


async def test_failures_suspend_at_the_limit_for_the_span(state: AuthState) -> None:
    failures = state.doors.failures
    first = await failures.record(KEY, 2, seconds(60), NOON)
    second = await failures.record(KEY, 2, seconds(60), NOON + seconds(1))
    third = await failures.record(KEY, 2, seconds(60), NOON + seconds(2))

    assert (first, third) == (None, None)
    assert second is not None
    assert second.until == NOON + seconds(61)
    assert await failures.suspension(KEY, NOON + seconds(60)) == second
    assert await failures.suspension(KEY, NOON + seconds(61)) is None
    assert await failures.record(KEY, 2, seconds(60), NOON + seconds(61)) is None


async def test_failures_age_out_and_are_cleared(state: AuthState) -> None:
    failures = state.doors.failures
    await failures.record(KEY, 2, seconds(60), NOON)
    assert await failures.record(KEY, 2, seconds(60), NOON + seconds(60)) is None
    await failures.clear(KEY)

    assert await failures.record(KEY, 2, seconds(60), NOON + seconds(61)) is None


async def test_a_suspension_at_once_is_made_once(state: AuthState) -> None:
    failures = state.doors.failures
    made = await failures.suspend(KEY, seconds(60), NOON)

    assert made is not None
    assert await failures.suspend(KEY, seconds(90), NOON + seconds(1)) is None


async def test_suspensions_are_listed_by_their_end_and_lifted(state: AuthState) -> None:
    failures = state.doors.failures
    elsewhere = replace(KEY, ip="192.0.2.1")
    register = replace(KEY, kind=SuspensionKind.REGISTRATION)
    await failures.suspend(KEY, seconds(90), NOON)
    await failures.suspend(elsewhere, seconds(60), NOON)
    await failures.suspend(register, seconds(30), NOON)

    listed = await failures.suspensions(NOON + seconds(30))

    assert [each.key for each in listed] == [elsewhere, KEY]
    assert await failures.lift(KEY.identity, KEY.ip, NOON + seconds(30)) == 1
    assert await failures.suspension(KEY, NOON + seconds(30)) is None
    assert await failures.lift(KEY.identity, "", NOON + seconds(30)) == 1
    assert await failures.suspensions(NOON + seconds(30)) == []


async def test_a_binding_is_found_as_it_was_put(state: AuthState) -> None:
    bindings = state.doors.bindings
    await bindings.put(BOUND)

    assert await bindings.get(BOUND.endpoint, NOON) == BOUND
    assert list(await bindings.at(parse_ip("203.0.113.7"), NOON)) == [BOUND]
    assert await bindings.count() == 1
    assert await bindings.get(BOUND.endpoint, BOUND.expires) is None
    assert list(await bindings.at(parse_ip("203.0.113.7"), BOUND.expires)) == []


async def test_a_binding_that_moves_is_found_where_it_is(state: AuthState) -> None:
    bindings = state.doors.bindings
    moved = replace(BOUND, received=address("198.51.100.7:5060"), local=None)
    await bindings.put(BOUND)
    await bindings.put(moved)

    assert list(await bindings.at(parse_ip("203.0.113.7"), NOON)) == []
    assert list(await bindings.at(parse_ip("198.51.100.7"), NOON)) == [moved]
    assert await bindings.count() == 1


async def test_a_binding_is_removed_once(state: AuthState) -> None:
    bindings = state.doors.bindings
    await bindings.put(BOUND)

    assert await bindings.remove(BOUND.endpoint) == BOUND
    assert await bindings.remove(BOUND.endpoint) is None
    assert list(await bindings.page(None, 10, NOON)) == []
    assert list(await bindings.at(parse_ip("203.0.113.7"), NOON)) == []


async def test_bindings_are_paged_in_order_and_expire_once(state: AuthState) -> None:
    bindings = state.doors.bindings
    short = bound("2", expires=NOON + seconds(60))
    for binding in (bound("3"), short, bound("1")):
        await bindings.put(binding)
    refreshed = bound("1", expires=NOON + seconds(90))
    await bindings.put(refreshed)

    first = await bindings.page(None, 1, NOON)
    rest = await bindings.page(first[0].endpoint, 2, NOON)

    assert [each.endpoint.name for each in (*first, *rest)] == ["1", "2", "3"]
    assert await bindings.expire(NOON + seconds(59)) == []
    assert await bindings.expire(NOON + seconds(60)) == [short]
    assert await bindings.expire(NOON + seconds(60)) == []
    assert [each.endpoint.name for each in await bindings.page(None, 9, NOON)] == ["1", "3"]


async def test_a_terminal_is_due_once_an_interval_at_the_instance_that_holds_it(
    state: AuthState,
) -> None:
    bindings = state.doors.bindings
    minute = seconds(60)
    await bindings.put(BOUND)
    assert await bindings.due("signaling-0", minute, 9, NOON) == []

    assert await bindings.due("signaling-1", minute, 9, NOON + minute) == []
    assert await bindings.due("signaling-0", minute, 9, NOON + minute) == [BOUND]
    assert await bindings.due("signaling-0", minute, 9, NOON + minute) == []
    await bindings.put(replace(BOUND, misses=0))
    assert len(await bindings.due("signaling-0", minute, 9, NOON + 2 * minute)) == 1
    await bindings.remove(BOUND.endpoint)
    assert await bindings.due("signaling-0", minute, 9, NOON + 3 * minute) == []


async def test_a_window_slides(state: AuthState) -> None:
    async def add(event: str, after: float) -> bool:
        return await state.windows.add(WINDOW, event, seconds(10), 3, NOON + seconds(after))

    assert [await add("a", 0), await add("b", 1), await add("b", 2)] == [False, False, False]
    assert [await add("c", 10), await add("d", 10.5)] == [False, True]
    await state.windows.clear(WINDOW)
    assert not await add("e", 10.6)


async def test_seats_are_taken_freed_and_lapse(state: AuthState) -> None:
    async def take(call_id: str, after: float) -> bool:
        now = NOON + seconds(after)
        return await state.seats.take("platform", "100", call_id, 2, now + seconds(60), now)

    assert [await take(each, 0) for each in ("a", "b", "c", "a")] == [True, True, False, True]
    await state.seats.free("platform", "100", "a")
    await state.seats.free("platform", "100", "unknown")
    assert [await take("c", 1), await take("d", 1)] == [True, False]
    assert await take("d", 60)


async def test_entries_are_found_extended_and_removed(state: AuthState) -> None:
    black_list = state.black_list
    key = EntryKey(Party.CALLEE, "777", "MappingGateway/acme")
    other = EntryKey(Party.CALLER, "100")
    entry = Entry(key, ListedFor.NO_ANSWER, NOON, NOON + seconds(60), seconds(60))
    manual = Entry(other, ListedFor.MANUAL, NOON, NOON + seconds(90))
    await black_list.put(entry)
    await black_list.put(manual)

    assert await black_list.find([EntryKey(Party.CALLEE, "100"), key, other], NOON) == entry
    await black_list.hit(entry, NOON + seconds(50))
    await black_list.hit(manual, NOON + seconds(50))
    extended = replace(entry, expires=NOON + seconds(110), hits=1)
    assert await black_list.entries(EntryFilter(), NOON + seconds(60)) == [
        extended,
        replace(manual, hits=1),
    ]
    assert await black_list.entries(EntryFilter(), NOON + seconds(90)) == [extended]
    assert await black_list.remove(key)
    assert not await black_list.remove(key)
    assert await black_list.find([key], NOON) is None


async def test_aut04_d_failures_at_two_replicas_count_together(state: AuthState) -> None:
    one, other = House(ALICE, state=state.doors), House(ALICE, state=state.doors)
    client = Knocker(one, "1001", "right")
    for house in (one, other) * 3:
        client.house = house
        client.new_call()
        await client.invite()
        await client.invite(password="wrong")

    client.new_call()
    assert status(await client.invite()) == 403


async def test_aut07_and_sig24_hold_over_any_state(state: AuthState) -> None:
    house = House(ALICE, policy=Policy(max_retry=0, register_retry=2), state=state.doors)
    client = Knocker(house, "1001", "right")
    assert status(await client.signed_register()) == 200
    assert await house.locate(ALICE) is not None
    for _ in range(2):
        client.new_call()
        await client.register()
        await client.register(password="wrong")
    client.new_call()

    assert status(await client.register()) == 403
    house.wait(180)
    assert status(await client.signed_register(expires=0)) == 200
    assert await house.locate(ALICE) is None
