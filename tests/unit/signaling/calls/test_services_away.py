"""What becomes of a call when another service is away or says no (specification, section 0.9)."""

import asyncio

import pytest
from support.switch import (
    CALLER,
    VENDOR,
    OneAddress,
    SwitchBench,
    caller,
    gives,
    invite,
    plan,
    vendor,
)
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.events import HangUp
from trunkline_signaling.calls.policy import LegPolicy, MediaCheck, MediaProxy
from trunkline_signaling.calls.reasons import CallEndReason
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.calls.services import (
    Authorized,
    Challenged,
    Dropped,
    Rejected,
    Unpayable,
    Unroutable,
)


@pytest.mark.parametrize("service", ["auth", "routing", "billing"])
async def test_a_service_that_is_away_costs_503_with_retry_after_and_a_cdr(service: str) -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    getattr(bench, service).away = True

    bench.call(alice)
    await asyncio.sleep(1.1)

    assert bench.to(CALLER)[-1] == "503"
    refusal = next(d for _, to, d in bench.messages if to == CALLER and b" 503 " in d)
    assert b"Retry-After: 5" in refusal
    assert bench.to(VENDOR) == []
    assert bench.cdr.reason is CallEndReason.INTERNAL_ERROR
    assert bench.cdr.callee_access != ""


@pytest.mark.parametrize("service", ["auth", "routing", "billing"])
async def test_calls_go_through_again_when_the_service_is_back(service: str) -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    getattr(bench, service).away = True
    bench.call(alice)
    await asyncio.sleep(2)
    getattr(bench, service).away = False

    bench.call(alice, invite(call_id="second"))
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "200"


async def test_without_media_a_call_goes_on_directly_where_nothing_needs_the_relay() -> None:
    alice = caller()
    bench = relaying(MediaProxy.ON, alice)
    bench.media.away = True

    bench.call(alice)
    await asyncio.sleep(3)

    assert bench.to(CALLER) == ["100", "180", "200"]
    answer = next(d for _, to, d in bench.messages if to == CALLER and b" 200 " in d)
    assert b"c=IN IP4 10.0.0.3" in answer


async def test_without_media_a_call_that_must_be_relayed_gets_503() -> None:
    alice = caller()
    bench = relaying(MediaProxy.MUST_ON, alice)
    bench.media.away = True

    bench.call(alice)
    await asyncio.sleep(3)

    assert bench.to(CALLER) == ["100", "503"]
    assert bench.to(VENDOR) == []


async def test_rtp_interrupt_detection_needs_the_relay() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.routing.plan = plan(leg_a=LegPolicy(media_check=MediaCheck.BOTH))
    bench.media.away = True

    bench.call(alice)
    await asyncio.sleep(3)

    assert bench.to(CALLER) == ["100", "503"]


async def test_the_media_session_of_a_refused_call_is_closed() -> None:
    alice = caller()
    bench = relaying(MediaProxy.ON, alice)
    bench.billing.decision = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "empty")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "402"]
    assert bench.media.sessions == set()
    assert bench.routing.seats == set()


async def test_bil_07_a_callee_without_money_is_403_and_not_402() -> None:
    alice = caller()
    bench = relaying(MediaProxy.ON, alice)
    bench.billing.decision = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "callee", of_callee=True)

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "403"]
    assert bench.cdr.reason is CallEndReason.BALANCE_INSUFFICIENT


async def test_billings_refusal_counts_before_that_of_media() -> None:
    alice = caller()
    bench = relaying(MediaProxy.MUST_ON, alice)
    bench.media.full = True
    bench.billing.decision = Unpayable(CallEndReason.ACCOUNT_EXPIRED, "expired")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "403"]
    assert bench.cdr.reason is CallEndReason.ACCOUNT_EXPIRED


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (CallEndReason.ROUTE_NOT_FOUND, 503),
        (CallEndReason.NUMBER_RESTRICTED, 403),
        (CallEndReason.BLACKLISTED, 403),
    ],
)
async def test_routings_refusal_is_what_the_caller_hears_and_the_cdr_says(
    reason: CallEndReason, status: int
) -> None:
    alice = caller()
    bench = SwitchBench(alice)
    bench.routing.plan = Unroutable(reason, status, "because")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", str(status)]
    assert bench.cdr.reason is reason
    assert bench.cdr.sip_status == status


async def test_a_challenged_invite_is_no_call_yet() -> None:
    alice = caller()
    bench = SwitchBench(alice)
    bench.auth.decision = Challenged(407, ('Digest realm="t", nonce="n"',))

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["407"]
    assert bench.cdrs.cdrs == []
    assert bench.switch.calls == {}
    assert bench.switch.dialogs == 0


async def test_a_rejected_invite_ends_in_a_cdr() -> None:
    alice = caller()
    bench = SwitchBench(alice)
    bench.auth.decision = Rejected(403, CallEndReason.AUTHENTICATION_FAILED, "suspended")

    bench.call(alice)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["403"]
    assert bench.cdr.reason is CallEndReason.AUTHENTICATION_FAILED


async def test_aut01_a_dropped_invite_hears_nothing_at_all() -> None:
    alice = caller()
    bench = SwitchBench(alice)
    bench.auth.decision = Dropped("unauthorized")

    bench.call(alice)
    await asyncio.sleep(5)

    assert bench.to(CALLER) == []
    assert "dropped: unauthorized" in bench.observer.notes
    assert bench.switch.calls == {}


async def test_seats_that_routing_could_not_be_told_of_are_kept_for_later() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(404)))
    bench.call(alice)
    await asyncio.sleep(0.004)

    bench.routing.away = True
    await asyncio.sleep(5)

    assert len(bench.switch.questions.unreleased) == 1


async def test_a_cancel_while_routing_decides_still_gives_its_seats_back() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    transaction = bench.call(alice)
    await asyncio.sleep(0.0025)

    bench.cancel(alice, transaction)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "200", "487"]
    assert bench.routing.seats == set()
    assert bench.to(VENDOR) == []


async def test_a_draining_switch_refuses_new_calls_and_lets_those_in_progress_go_on() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)

    bench.switch.drain()
    bench.call(alice, invite(call_id="late"))
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "180", "200", "503"]
    refusal = next(d for _, to, d in bench.messages if to == CALLER and b" 503 " in d)
    assert b"Retry-After: 30" in refusal
    assert len(bench.switch.calls) == 1


async def test_a_switch_is_drained_when_its_last_call_has_its_cdr() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)
    bench.switch.drain()

    bench.send_in(alice, "BYE")
    async with asyncio.timeout(1):
        await bench.switch.drained()

    assert len(bench.cdrs.cdrs) == 1


async def test_a_switch_that_must_go_ends_its_calls_with_bye_and_cdr() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.call(alice)
    await asyncio.sleep(1)

    async with asyncio.timeout(1):
        await bench.switch.close("must go")
    await asyncio.sleep(0.1)

    assert bench.to(CALLER)[-1] == "BYE"
    assert bench.to(VENDOR)[-1] == "BYE"
    assert bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE


async def test_mgt09_an_operator_hangs_up_while_it_rings() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(180)))
    bench.call(alice)
    await asyncio.sleep(1)

    bench.switch.tell(next(iter(bench.switch.calls)), HangUp("ended by an operator"))
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "503"
    assert "CANCEL" in bench.to(VENDOR)
    assert bench.cdr.reason is CallEndReason.SERVER_FORCED_RELEASE


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("Max-Forwards", "0", "483"),
        ("Require", "precondition", "420"),
        ("Content-Type", "text/plain", "415"),
    ],
)
async def test_an_invite_we_can_do_nothing_with_is_refused_after_auth_knows_its_sender(
    name: str, value: str, status: str
) -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    request = invite()
    request.headers.set(name, value)

    bench.call(alice, request)
    await asyncio.sleep(1)

    assert bench.to(CALLER) == [status]
    assert bench.cdr.reason is CallEndReason.PROTOCOL_LIMIT


async def test_a_reservation_is_asked_for_in_the_name_of_the_account_that_pays() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.billing.decision = Authorized()

    bench.call(alice)
    await asyncio.sleep(1)

    (question,) = bench.billing.authorized
    assert (question.account, question.caller, question.callee) == ("acme", "1001", "4420")


def relaying(mode: MediaProxy, *agents: object) -> SwitchBench:
    """Return a switch whose parameter for the relay is `mode`, with a vendor that answers."""
    settings = CallSettings("signaling-1", OneAddress(), relay=RelayParameters(mode=mode))
    return SwitchBench(*agents, vendor(), settings=settings)  # type: ignore[arg-type]
