"""Whom a phone shows that asks somebody before it transfers a call, the real routing deciding."""

import asyncio
from typing import Any

import pytest
from support.platform import PHONE_1, platform, to
from support.routed_switch import RoutedBench
from support.switch import ANSWER, SWITCH, VENDOR, caller, vendor
from support.transfers import MAY, both_ways, consultation
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.sip.message import Request

HOLD = ANSWER + b"a=sendonly\r\n"
OLD_HOLD = ANSWER.replace(b"10.0.0.3", b"0.0.0.0")
ORIGINAL = {"SS_CALL_TRANSFER_ASK_DISPLAY": "Original"}


async def shown(
    offer: bytes,
    parameters: dict[str, str] | None = None,
    spec: dict[str, Any] = MAY,
    first: Request | None = None,
) -> str:
    """Return whom a vendor sees that phone 2001 calls after this re-INVITE to the customer."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)
    bench = platform(alice, bob, vendor(), phones={"2001": spec}, parameters=parameters)
    bench.call(alice, first or to("2001"))
    await asyncio.sleep(5)
    if offer:
        bench.send_in(bob, "INVITE", offer)
        await asyncio.sleep(1)
    await consult(bench, bob)
    (sent,) = bench.requests(VENDOR)
    return str(sent.headers.from_.uri)


async def consult(bench: RoutedBench, bob: UserAgent) -> None:
    """Let phone 2001 call 4420."""
    bench.auth.decision = Allowed(Endpoint(EndpointKind.PHONE, "2001"))
    bench.call(bob, consultation())
    await asyncio.sleep(5)


def allowing(display: str) -> dict[str, Any]:
    """Return a phone that may transfer, and whom it shows when it consults."""
    return {**MAY, "transfer": {"allowed": True, "consultDisplay": display}}


def withheld() -> Request:
    """Return the customer's INVITE to 2001, its number withheld."""
    request = to("2001")
    request.headers.set("Privacy", "id")
    return request


@pytest.mark.parametrize(
    ("parameters", "spec", "number"),
    [
        pytest.param({}, MAY, "2001", id="the phone, by default"),
        pytest.param(ORIGINAL, MAY, "1001", id="the one on hold, by parameter"),
        pytest.param({}, allowing("original"), "1001", id="the one on hold, by the phone's field"),
        pytest.param(ORIGINAL, allowing("local"), "2001", id="the phone, by its own field"),
        pytest.param(ORIGINAL, {"account": "tenant"}, "2001", id="the phone may not transfer"),
    ],
)
async def test_phone_and_parameter_say_whom_a_consultation_shows(
    parameters: dict[str, str], spec: dict[str, Any], number: str
) -> None:
    """SIG-21: SS_CALL_TRANSFER_ASK_DISPLAY."""
    assert await shown(HOLD, parameters, spec) == f"sip:{number}@{SWITCH[0]}"


@pytest.mark.parametrize(
    ("offer", "number"),
    [
        pytest.param(b"", "2001", id="it talks on"),
        pytest.param(HOLD, "1001", id="sendonly"),
        pytest.param(HOLD.replace(b"sendonly", b"inactive"), "1001", id="inactive"),
        pytest.param(OLD_HOLD, "1001", id="as of RFC 2543"),
    ],
)
async def test_only_who_is_on_hold_is_shown(offer: bytes, number: str) -> None:
    """SIG-21: any other call of the phone shows the phone."""
    assert await shown(offer, ORIGINAL) == f"sip:{number}@{SWITCH[0]}"


async def test_a_number_that_the_phone_does_not_see_is_not_shown_on() -> None:
    """SIG-21, SIG-11: the caller on hold withholds its number."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)
    bench = platform(
        alice,
        bob,
        vendor(),
        phones={"2001": MAY},
        parameters=ORIGINAL,
        customer={"sip": {"privacySupport": True}},
    )
    bench.call(alice, withheld())
    await asyncio.sleep(5)
    bench.send_in(bob, "INVITE", HOLD)
    await asyncio.sleep(1)

    await consult(bench, bob)

    (sent,) = bench.requests(VENDOR)
    assert str(sent.headers.from_.uri) == f"sip:2001@{SWITCH[0]}"


async def test_a_consultation_is_a_call_of_the_phone_whoever_is_shown() -> None:
    """SIG-21, BIL-04: it is billed to the phone's account, by the phone's number."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)
    bench = platform(alice, bob, vendor(), phones={"2001": MAY}, parameters=ORIGINAL)
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.send_in(bob, "INVITE", HOLD)
    await asyncio.sleep(1)

    await consult(bench, bob)

    _, second = bench.billing.authorized
    assert (second.account, second.caller, second.callee) == ("tenant", "2001", "4420")


async def test_who_has_hung_up_is_on_hold_no_more() -> None:
    """SIG-21."""
    alice, bob = caller(), UserAgent(PHONE_1, script=both_ways)
    bench = platform(alice, bob, vendor(), phones={"2001": MAY}, parameters=ORIGINAL)
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.send_in(bob, "INVITE", HOLD)
    await asyncio.sleep(1)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    await consult(bench, bob)

    (sent,) = bench.requests(VENDOR)
    assert str(sent.headers.from_.uri) == f"sip:2001@{SWITCH[0]}"
