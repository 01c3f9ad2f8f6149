"""The memory behind admission stays bounded, and forgets in time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.auth_doors import NOON, address
from trunkline_auth.admission.failures import FailureKey, SuspensionKind
from trunkline_auth.admission.limiter import ChallengeLimiter
from trunkline_auth.identity import EndpointId, EndpointKind, Transport, parse_ip
from trunkline_auth.memory import MemoryBindings, MemoryFailures, MemorySessions, NoJournal
from trunkline_auth.memory import failures as failures_module
from trunkline_auth.memory import sessions as sessions_module
from trunkline_auth.registrations import Binding

SECOND = timedelta(seconds=1)


def binding(name: str, seconds: int, ip: str = "203.0.113.7") -> Binding:
    return Binding(
        EndpointId(EndpointKind.PHONE, name),
        contact=f"sip:{name}@{ip}",
        received=address(f"{ip}:5060"),
        transport=Transport.UDP,
        registered=NOON,
        updated=NOON,
        expires=NOON + seconds * SECOND,
        call_id="call-1",
        cseq=1,
    )


async def test_a_flood_of_sessions_pushes_out_the_oldest() -> None:
    sessions = MemorySessions()
    first = await sessions.open("first", 6, 10 * SECOND, NOON)
    await sessions.fail("first", NOON)
    for number in range(sessions_module.MAX_SESSIONS):
        await sessions.open(str(number), 6, 10 * SECOND, NOON)

    assert await sessions.open("first", 6, 10 * SECOND, NOON) == first


async def test_a_flood_of_failures_pushes_out_the_oldest() -> None:
    failures = MemoryFailures()
    key = FailureKey(SuspensionKind.AUTHENTICATION, "first", "203.0.113.7")
    await failures.record(key, 1, 180 * SECOND, NOON)
    for number in range(failures_module.MAX_KEYS):
        await failures.record(replace(key, identity=str(number)), 6, 180 * SECOND, NOON)

    assert await failures.suspension(key, NOON) is None


def test_aut01_no_second_has_more_than_five_challenges() -> None:
    limiter = ChallengeLimiter()
    source = parse_ip("203.0.113.7")

    early = [limiter.allows(source, NOON + 0.9 * SECOND) for _ in range(5)]
    late = [limiter.allows(source, NOON + 1.1 * SECOND) for _ in range(5)]

    assert early == [True] * 5
    assert late == [False] * 5
    assert limiter.allows(source, NOON + 1.9 * SECOND)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(60, 90), st.integers(1, 3)), max_size=30
    ),
    st.integers(50, 100),
)
async def test_sig24_what_is_bound_is_what_has_not_expired(
    puts: list[tuple[str, int, int]], at: int
) -> None:
    bindings = MemoryBindings(NoJournal())
    latest: dict[str, Binding] = {}
    for name, seconds, last in puts:
        latest[name] = binding(name, seconds, f"203.0.113.{last}")
        await bindings.put(latest[name])
    now = NOON + at * SECOND

    gone = await bindings.expire(now)

    live = [each for _, each in sorted(latest.items()) if each.expires > now]
    assert await bindings.page(None, 100, now) == live
    assert await bindings.count() == len(live)
    assert {each.endpoint.name for each in gone} == latest.keys() - {b.endpoint.name for b in live}
    assert list(await bindings.at(parse_ip("203.0.113.1"), now)) == [
        each for each in live if each.received.ip == parse_ip("203.0.113.1")
    ]


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_pages_follow_each_other_without_gap_or_overlap(size: int) -> None:
    bindings = MemoryBindings(NoJournal(), [binding(name, 60) for name in "dacb"])

    first = await bindings.page(None, size, NOON)
    rest = await bindings.page(first[-1].endpoint, 10, NOON)

    assert [each.endpoint.name for each in (*first, *rest)] == ["a", "b", "c", "d"]
