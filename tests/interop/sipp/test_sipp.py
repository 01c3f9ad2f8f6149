"""The running switch between SIPp as caller and SIPp as vendor, over UDP and TCP."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from support.local_switch import LocalSwitch
from support.programs import Program, program
from support.records import traced, wait_for_cdrs
from trunkline.billing.v1.billing_pb2 import RatedCdr
from trunkline.common.v1.common_pb2 import CallEndReason
from trunkline.signaling.v1.signaling_pb2 import TraceEventKind

SCENARIOS = Path(__file__).parent
PBX, RELIABLE_PBX = "127.0.0.10", "127.0.0.12"
BUDGET, VOX, SLOW, RELIABLE = "127.0.0.21", "127.0.0.22", "127.0.0.23", "127.0.0.25"
VENDOR_PORT = "5070"
PATIENCE = 10

CALLER_HANGUP = CallEndReason.CALL_END_REASON_CALLER_HANGUP
USER_BUSY = CallEndReason.CALL_END_REASON_USER_BUSY
NO_ANSWER = CallEndReason.CALL_END_REASON_NO_ANSWER

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


def sipp(
    scenario: str, host: str, directory: Path, *more: str
) -> AbstractAsyncContextManager[Program]:
    """Run one call of a scenario of this folder."""
    options = ["-m", "1", "-timeout", str(PATIENCE), "-timeout_error", "-nostdin", "-i", host]
    scenario_file = str(SCENARIOS / f"{scenario}.xml")
    return program("sipp", "-sf", scenario_file, *options, *more, directory=directory)


def vendor(
    scenario: str, host: str, directory: Path, *more: str
) -> AbstractAsyncContextManager[Program]:
    """Run a vendor's side."""
    return sipp(scenario, host, directory, "-p", VENDOR_PORT, *more)


def caller(
    scenario: str,
    switch: LocalSwitch,
    number: str,
    directory: Path,
    *more: str,
    host: str = PBX,
) -> AbstractAsyncContextManager[Program]:
    """Run the customer's side."""
    target = "{}:{}".format(*switch.sip)
    return sipp(scenario, host, directory, "-s", number, *more, target)


async def sent(switch: LocalSwitch, call: RatedCdr, start_line: str, leg: str) -> int:
    """Return how many messages with this start line the switch sent on a leg of the call."""
    events = await traced(switch, call.cdr.call_id)
    return sum(
        event.kind == TraceEventKind.TRACE_EVENT_KIND_SENT
        and event.leg == leg
        and event.message.startswith(start_line.encode())
        for event in events
    )


def outcomes(call: RatedCdr) -> Sequence[int]:
    """Return the SIP status of each attempt."""
    return [attempt.sip_status for attempt in call.cdr.attempts]


@pytest.mark.parametrize(
    ("caller_scenario", "vendor_scenario", "number", "reason", "status"),
    [
        pytest.param(
            *("caller_answered", "vendor_answered", "12125550101", CALLER_HANGUP, 200),
            id="an answered call",
        ),
        pytest.param(
            *("caller_busy", "vendor_busy", "12125550102", USER_BUSY, 486),
            id="a busy callee",
        ),
        pytest.param(
            *("caller_cancelled", "vendor_ringing", "12125550103", CALLER_HANGUP, 0),
            id="a caller who gives up; the CDR waits for no 487",
        ),
        pytest.param(
            *("caller_reinvite", "vendor_reinvite", "12125550104", CALLER_HANGUP, 200),
            id="hold and resume by re-INVITE",
        ),
    ],
)
async def test_both_sides_see_the_call_they_expect_and_one_cdr_tells_of_it(
    switch: LocalSwitch,
    tmp_path: Path,
    caller_scenario: str,
    vendor_scenario: str,
    number: str,
    reason: int,
    status: int,
) -> None:
    async with (
        vendor(vendor_scenario, VOX, tmp_path) as far,
        caller(caller_scenario, switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert call.cdr.call_end_reason == reason
    assert outcomes(call) == [status]


async def test_a_call_over_tcp_is_like_any_other(switch: LocalSwitch, tmp_path: Path) -> None:
    number = "12125550105"
    async with (
        vendor("vendor_answered", VOX, tmp_path) as far,
        caller("caller_answered", switch, number, tmp_path, "-t", "t1") as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert outcomes(call) == [200]


async def test_a_vendor_without_lines_is_followed_by_the_next(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "442071838106"
    async with (
        vendor("vendor_unavailable", BUDGET, tmp_path) as first,
        vendor("vendor_answered", VOX, tmp_path) as second,
        caller("caller_answered", switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await first.succeed(PATIENCE + 5)
        await second.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert outcomes(call) == [503, 200]


async def test_nobody_answering_is_cancelled_when_the_time_is_up(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "19005550107"
    async with (
        vendor("vendor_ringing", SLOW, tmp_path) as far,
        caller("caller_no_answer", switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert call.cdr.call_end_reason == NO_ANSWER


async def test_the_answer_is_repeated_until_its_ack_arrives(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "12125550108"
    async with (
        vendor("vendor_answered", VOX, tmp_path) as far,
        caller("caller_lost_ack", switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert call.cdr.call_end_reason == CALLER_HANGUP
    assert await sent(switch, call, "SIP/2.0 200", "A") >= 3


async def test_a_bye_is_repeated_until_it_is_answered(switch: LocalSwitch, tmp_path: Path) -> None:
    number = "12125550109"
    async with (
        vendor("vendor_lost_bye", VOX, tmp_path) as far,
        caller("caller_answered", switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert await sent(switch, call, "BYE ", "B") >= 2


async def test_a_bye_that_comes_twice_ends_the_call_once(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "12125550110"
    async with (
        vendor("vendor_answered", VOX, tmp_path) as far,
        caller("caller_repeated_bye", switch, number, tmp_path) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    assert len(await wait_for_cdrs(switch, 1, number)) == 1


async def test_sig03_sig04_both_sides_agree_on_a_session_timer_and_are_refreshed(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "12125550111"
    patience = "-timeout", "20"
    await switch.command("parameters", "set", "SS_SIP_SESSION_UPDATE_SEGMENT=10")
    async with (
        vendor("vendor_timer", VOX, tmp_path, *patience) as far,
        caller("caller_timer", switch, number, tmp_path, *patience) as near,
    ):
        await near.succeed(25)
        await far.succeed(25)

    refused, answered = sorted(
        await wait_for_cdrs(switch, 2, number), key=lambda call: call.cdr.sip_status
    )[::-1]
    assert refused.cdr.sip_status == 422
    assert outcomes(answered) == [200]
    assert answered.cdr.call_end_reason == CALLER_HANGUP


async def test_sig19_reliable_provisional_responses_are_acknowledged_on_both_legs(
    switch: LocalSwitch, tmp_path: Path
) -> None:
    number = "19025550112"
    async with (
        vendor("vendor_reliable", RELIABLE, tmp_path) as far,
        caller("caller_reliable", switch, number, tmp_path, host=RELIABLE_PBX) as near,
    ):
        await near.succeed(PATIENCE + 5)
        await far.succeed(PATIENCE + 5)

    (call,) = await wait_for_cdrs(switch, 1, number)
    assert outcomes(call) == [200]
    assert await sent(switch, call, "PRACK ", "B") == 1
