"""Clocks of an answered call: reservation, money, longest duration (SIG-25, BIL-05, BIL-06)."""

import asyncio
from datetime import timedelta

import pytest
from support.switch import (
    CALLER,
    VENDOR,
    OneAddress,
    SwitchBench,
    caller,
    candidate,
    gives,
    plan,
    vendor,
)
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.services import Authorized, Extended
from trunkline_signaling.calls.session_timer import TimerParameters


def seconds(value: float) -> timedelta:
    """Return a span."""
    return timedelta(seconds=value)


@pytest.mark.parametrize(
    ("by_caller", "by_callee", "parameter", "ends"),
    [
        (60, None, None, 60),
        (None, 90, None, 90),
        (60, 90, None, 60),
        (None, None, 45, 45),
        (60, None, 45, 45),
        (60, 90, 45, 60),
    ],
    ids=[
        "the caller's side",
        "the callee's side",
        "the smaller of both",
        "the parameter where neither has a limit",
        "the parameter for the side that has none",
        "both sides' own limits win over the parameter",
    ],
)
async def test_sig25_the_longest_duration_ends_the_call(
    by_caller: int | None, by_callee: int | None, parameter: int | None, ends: int
) -> None:
    settings = CallSettings(
        "signaling-1", OneAddress(), max_duration=seconds(parameter) if parameter else None
    )
    alice = caller()
    bench = SwitchBench(alice, vendor(), settings=settings)
    bench.routing.plan = plan(
        candidate(max_duration=seconds(by_callee) if by_callee else None),
        max_duration=seconds(by_caller) if by_caller else None,
    )

    bench.call(alice)
    await asyncio.sleep(ends - 1)
    assert len(bench.switch.calls) == 1
    await asyncio.sleep(2)

    assert bench.to(CALLER)[-1] == bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE
    assert bench.cdr.talk == pytest.approx(seconds(ends), abs=seconds(0.1))


async def test_mgt04_money_that_ends_mid_call_is_reason_8_by_the_server() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.billing.decision = Authorized(reserved=seconds(20), lease=seconds(60))
    bench.billing.extension = Extended(seconds(30), end=seconds(30), lease=seconds(60))

    bench.call(alice)
    await asyncio.sleep(29)
    assert len(bench.switch.calls) == 1
    await asyncio.sleep(2)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.BALANCE_INSUFFICIENT
    assert bench.cdr.end_direction is EndDirection.SERVER
    assert bench.cdr.talk == pytest.approx(seconds(30), abs=seconds(0.1))


async def test_the_reservation_is_extended_well_before_it_is_used_up() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.billing.decision = Authorized(reserved=seconds(60), lease=seconds(300))

    bench.call(alice)
    await asyncio.sleep(600)

    assert len(bench.switch.calls) == 1
    assert bench.billing.extended[0].elapsed == pytest.approx(seconds(30), abs=seconds(1))
    assert len(bench.billing.extended) >= 19


async def test_the_lease_is_kept_alive_while_it_rings() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(180)))
    bench.billing.decision = Authorized(reserved=seconds(60), lease=seconds(30))
    bench.billing.extension = Extended(seconds(60), lease=seconds(30))

    bench.call(alice)
    await asyncio.sleep(100)

    assert len(bench.billing.extended) == 6
    assert bench.billing.extended[0].elapsed == timedelta(0)


async def test_while_billing_is_away_the_call_lasts_as_long_as_its_reservation() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.billing.decision = Authorized(reserved=seconds(60), lease=seconds(300))
    bench.call(alice)
    await asyncio.sleep(1)
    bench.billing.away = True

    await asyncio.sleep(58)
    assert len(bench.switch.calls) == 1
    await asyncio.sleep(2)

    assert bench.cdr.talk == pytest.approx(seconds(60), abs=seconds(0.1))
    assert bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE


async def test_billing_that_comes_back_in_time_saves_the_call() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.billing.decision = Authorized(reserved=seconds(60), lease=seconds(300))
    bench.call(alice)
    await asyncio.sleep(1)
    bench.billing.away = True
    await asyncio.sleep(50)

    bench.billing.away = False
    await asyncio.sleep(100)

    assert len(bench.switch.calls) == 1


async def test_a_call_that_nothing_limits_has_no_clock() -> None:
    settings = CallSettings("signaling-1", OneAddress(), timers=TimerParameters(no_timer_limit=0))
    alice = caller()
    bench = SwitchBench(alice, vendor(), settings=settings)

    bench.call(alice)
    await asyncio.sleep(86_400)

    assert len(bench.switch.calls) == 1
    assert bench.billing.extended == []
