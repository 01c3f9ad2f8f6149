"""AUT-09 to AUT-13 in a call: auth judges its numbers beside billing, and hears how it ended."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from support.switch import CALLER, CUSTOMER, VENDOR, SwitchBench, caller, gives, plan, vendor
from trunkline_signaling.calls.events import HangUp
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.services import (
    Allowed,
    Blacklisted,
    ReportEnd,
    Screen,
    Unpayable,
)
from trunkline_signaling.shell.leases import SeatLeases


def screening(*agents: object) -> SwitchBench:
    """Return a bench whose auth wants to judge every call."""
    bench = SwitchBench(*agents)  # type: ignore[arg-type]
    bench.auth.decision = Allowed(CUSTOMER, screened=True)
    return bench


def screens(bench: SwitchBench) -> list[Screen]:
    return [each for each in bench.auth.asked if isinstance(each, Screen)]


async def test_aut13_a_black_listed_call_meets_403_and_no_vendor_hears_of_it() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.auth.verdict = Blacklisted("777 is on the list")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "403"
    assert bench.to(VENDOR) == []
    assert bench.cdr.reason is CallEndReason.BLACKLISTED
    assert bench.auth.ends == []
    assert bench.routing.seats == set()


async def test_auth_is_asked_with_the_numbers_as_transformed() -> None:
    alice = caller()
    bench = screening(alice, vendor())

    bench.call(alice)
    await asyncio.sleep(1)

    numbers = plan().numbers
    assert [(each.caller, each.callee, each.endpoint) for each in screens(bench)] == [
        (numbers.caller, numbers.callee, CUSTOMER)
    ]
    assert bench.to(CALLER)[-1] == "200"


async def test_auth_is_not_asked_where_nothing_could_stop_the_call() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())

    bench.call(alice)
    await asyncio.sleep(1)

    assert screens(bench) == []
    assert bench.to(CALLER)[-1] == "200"


async def test_a_black_list_counts_before_money() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.auth.verdict = Blacklisted("777 is on the list")
    bench.billing.decision = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "broke")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.cdr.reason is CallEndReason.BLACKLISTED


async def test_money_counts_where_no_list_stops_the_call() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.billing.decision = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "broke")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.cdr.reason is CallEndReason.BALANCE_INSUFFICIENT
    assert [each.reached for each in bench.auth.ends] == [False]


async def test_a_call_that_can_not_be_screened_goes_on() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.auth.cannot_screen = True

    bench.call(alice)
    await asyncio.sleep(3)

    assert bench.to(CALLER)[-1] == "200"


async def test_aut12_an_answered_call_frees_its_seat_when_it_ends() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)
    assert bench.auth.ends == []

    bench.switch.tell(next(iter(bench.switch.calls)), HangUp("enough"))
    await asyncio.sleep(1)

    assert bench.auth.ends == [
        ReportEnd(screens(bench)[0], answered=True, reached=True, busy=False, cancelled_after=None)
    ]


@pytest.mark.parametrize(
    ("status", "busy"), [(486, True), (480, False)], ids=["busy", "nobody answers"]
)
async def test_aut11_auth_hears_why_nobody_answered(status: int, busy: bool) -> None:
    alice = caller()
    bench = screening(alice, vendor(gives(180, status)))

    bench.call(alice)
    await asyncio.sleep(1)

    (end,) = bench.auth.ends
    assert end == replace(end, answered=False, reached=True, busy=busy, cancelled_after=None)


async def test_aut11_auth_hears_when_the_caller_gave_up() -> None:
    alice = caller()
    bench = screening(alice, vendor(gives(180)))
    transaction = bench.call(alice)
    await asyncio.sleep(3)

    bench.cancel(alice, transaction)
    await asyncio.sleep(1)

    (end,) = bench.auth.ends
    assert end.cancelled_after is not None
    assert abs(end.cancelled_after - timedelta(seconds=3)) < timedelta(seconds=0.1)


async def test_an_end_that_auth_missed_is_told_again_with_the_leases() -> None:
    alice = caller()
    bench = screening(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)
    bench.auth.away = True
    bench.switch.tell(next(iter(bench.switch.calls)), HangUp("enough"))
    await asyncio.sleep(3)
    bench.auth.away = False

    await SeatLeases(bench.routing, bench.switch, "signaling-1", "epoch").renew()

    assert [each.answered for each in bench.auth.ends] == [True]
    assert bench.switch.questions.unreported == {}
