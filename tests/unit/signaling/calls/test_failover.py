"""What becomes of failed attempts: the acceptance examples of SIG-09, SIG-10, RTE-09, RTE-10,
RTE-11 and RTE-12."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.switch import (
    ANSWER,
    CALLER,
    SECOND_VENDOR,
    VENDOR,
    OneAddress,
    Script,
    SwitchBench,
    caller,
    candidate,
    gives,
    plan,
    vendor,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.events import FirstPacket
from trunkline_signaling.calls.legs import Side
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.policy import (
    AttemptTimers,
    Credentials,
    MediaProxy,
    StopRules,
    SwitchPolicy,
)
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.relay import RelayParameters
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import (
    CancelReceived,
    DialogRequestReceived,
    Event,
    RequestReceived,
)


def silent(agent: UserAgent, event: Event) -> None:
    """Let the vendor say nothing."""


def with_two_vendors(first: Script | None, **changes: Any) -> tuple[UserAgent, SwitchBench]:
    """Return a caller and a switch whose second vendor answers."""
    alice = caller()
    bench = SwitchBench(alice, vendor(first), vendor(address=SECOND_VENDOR))
    bench.routing.plan = plan(candidate(**changes))
    bench.routing.further = [candidate(2, SECOND_VENDOR)]
    return alice, bench


def progress_with_sdp_then(status: int) -> Script:
    """Return a script: 183 with SDP, and after a while a failure."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                progress = dialog.reply(request, 183, ANSWER, "application/sdp")
                agent.transactions.respond(transaction, progress, agent.now)
                asyncio.get_running_loop().call_later(2.0, fail, agent, transaction, dialog)

    def fail(agent: UserAgent, transaction: object, dialog: object) -> None:
        response = dialog.reply(transaction.request, status)  # type: ignore[attr-defined]
        agent.transactions.respond(transaction, response, agent.now)  # type: ignore[arg-type]
        BENCHES[-1].pump(agent)

    return script


BENCHES: list[SwitchBench] = []


async def test_sig09_a_silent_gateway_is_left_after_ten_seconds() -> None:
    alice, bench = with_two_vendors(silent)

    bench.call(alice)
    await asyncio.sleep(9.9)
    assert bench.to(SECOND_VENDOR) == []
    await asyncio.sleep(1)

    assert bench.to(SECOND_VENDOR) == ["INVITE", "ACK"]
    assert bench.to(CALLER) == ["100", "180", "200"]
    assert "CANCEL" not in bench.to(VENDOR)


async def test_sig09_a_registering_gateway_that_is_silent_ends_the_call_with_408() -> None:
    rules = StopRules(after_invite_timeout=True)
    alice, bench = with_two_vendors(silent, stop_rules=rules)

    bench.call(alice)
    await asyncio.sleep(12)

    assert bench.to(CALLER) == ["100", "408"]
    assert bench.cdr.reason is CallEndReason.CONNECTION_TIMEOUT
    assert len(bench.cdr.attempts) == 1


@pytest.mark.parametrize(
    ("after_sdp", "second_vendor"),
    [(True, []), (False, ["INVITE", "ACK"])],
    ids=["on the caller hears the mapped 503", "off the next gateway is tried"],
)
async def test_sig09_provisional_sdp_locks_the_call_to_its_gateway(
    after_sdp: bool, second_vendor: list[str]
) -> None:
    rules = StopRules(after_sdp=after_sdp)
    alice, bench = with_two_vendors(progress_with_sdp_then(503), stop_rules=rules)
    BENCHES.append(bench)

    bench.call(alice)
    await asyncio.sleep(5)

    assert bench.to(SECOND_VENDOR) == second_vendor
    assert bench.to(CALLER)[:2] == ["100", "183"]
    assert bench.to(CALLER)[-1] == ("503" if after_sdp else "200")


async def test_sig10_a_gateway_that_says_only_100_is_cancelled_after_20_seconds() -> None:
    alice, bench = with_two_vendors(gives(100))

    bench.call(alice)
    await asyncio.sleep(19)
    assert "CANCEL" not in bench.to(VENDOR)
    await asyncio.sleep(2)

    assert bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(SECOND_VENDOR) == ["INVITE", "ACK"]


async def test_sig10_a_phone_that_only_rings_is_given_up_after_120_seconds_with_480() -> None:
    alice, bench = with_two_vendors(gives(180))

    bench.call(alice)
    await asyncio.sleep(119)
    assert bench.to(CALLER) == ["100", "180"]
    await asyncio.sleep(3)

    assert bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(CALLER) == ["100", "180", "480"]
    assert bench.cdr.reason is CallEndReason.NO_ANSWER


@pytest.mark.parametrize(
    ("later", "given_up"),
    [(180, 120), (183, 120)],
    ids=["the same again", "a step back"],
)
async def test_sig10_what_is_no_step_forward_does_not_restart_the_clock(
    later: int, given_up: int
) -> None:
    alice, bob = caller(), vendor(gives(180))
    bench = SwitchBench(alice, bob)
    bench.call(alice)
    await asyncio.sleep(60)

    (invited,) = bob.events_of(RequestReceived)
    bob.now = asyncio.get_running_loop().time()
    bob.reply(invited, later)
    bench.pump(bob)
    await asyncio.sleep(given_up - 61)
    assert "CANCEL" not in bench.to(VENDOR)
    await asyncio.sleep(2)

    assert "CANCEL" in bench.to(VENDOR)


async def test_sig10_the_gateways_own_ringing_timeout_wins() -> None:
    timers = AttemptTimers(ringing=timedelta(seconds=30))
    alice, bench = with_two_vendors(gives(180), timers=timers)

    bench.call(alice)
    await asyncio.sleep(29)
    assert "CANCEL" not in bench.to(VENDOR)
    await asyncio.sleep(2)

    assert "CANCEL" in bench.to(VENDOR)


async def test_sig10_the_callers_side_limits_the_whole_setup() -> None:
    alice, bench = with_two_vendors(gives(180))
    bench.routing.plan = plan(max_setup_duration=timedelta(seconds=15))

    bench.call(alice)
    await asyncio.sleep(16)

    assert bench.to(CALLER) == ["100", "180", "480"]
    assert "CANCEL" in bench.to(VENDOR)


async def test_a_cancel_tells_the_gateway_why() -> None:
    alice, bench = with_two_vendors(gives(180))

    bench.call(alice)
    await asyncio.sleep(122)

    cancel = next(d for _, to, d in bench.messages if to == VENDOR and d.startswith(b"CANCEL"))
    assert b"Reason: Q.850;cause=102" in cancel


@pytest.mark.parametrize(
    ("limit", "invites"),
    [(2, 3), (None, 5)],
    ids=["limit 2 gives three INVITEs", "no limit gives all five"],
)
async def test_rte09_of_five_failing_gateways_the_switch_limit_decides_how_many_are_tried(
    limit: int | None, invites: int
) -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(503)))
    bench.routing.plan = plan(switch_policy=SwitchPolicy(limit=limit))
    bench.routing.further = [candidate(n) for n in range(2, 6)]

    bench.call(alice)
    await asyncio.sleep(5)

    assert bench.to(VENDOR).count("INVITE") == invites
    assert bench.to(CALLER) == ["100", "503"]
    assert len(bench.cdr.attempts) == invites


async def test_rte09_the_caller_hears_the_last_gateways_code_and_the_cdr_lists_all() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(503)), vendor(gives(404), SECOND_VENDOR))
    bench.routing.further = [candidate(2, SECOND_VENDOR)]

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "404"]
    assert [attempt.sip_status for attempt in bench.cdr.attempts] == [503, 404]
    assert bench.cdr.sip_status == 404
    assert bench.cdr.end_direction is EndDirection.CALLEE
    assert bench.cdr.reason is CallEndReason.UNALLOCATED_NUMBER


@pytest.mark.parametrize(
    ("until_connect", "second"),
    [(False, []), (True, ["INVITE", "ACK"])],
    ids=["off the caller hears 503", "on the next gateway is tried"],
)
async def test_rte10_ringing_and_then_503(until_connect: bool, second: list[str]) -> None:
    alice, bench = with_two_vendors(gives(180, 503))
    bench.routing.plan = plan(switch_policy=SwitchPolicy(until_connect=until_connect))

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(SECOND_VENDOR) == second
    expected = ["100", "180", "200"] if until_connect else ["100", "180", "503"]
    assert bench.to(CALLER) == expected  # the second gateway's 180 is not repeated


async def test_rte11_busy_stops_even_until_connect() -> None:
    alice, bench = with_two_vendors(gives(486))
    bench.routing.plan = plan(switch_policy=SwitchPolicy(until_connect=True))

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "486"]
    assert bench.to(SECOND_VENDOR) == []
    assert bench.cdr.reason is CallEndReason.USER_BUSY


async def test_rte11_busy_goes_on_where_the_gateway_allows_it() -> None:
    alice, bench = with_two_vendors(gives(486), stop_rules=StopRules(after_busy=False))

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(SECOND_VENDOR) == ["INVITE", "ACK"]


@pytest.mark.parametrize(
    "rtp_flows", [True, False], ids=["with RTP it stops", "without it goes on"]
)
async def test_rte12_rtp_before_the_answer_locks_the_gateway(rtp_flows: bool) -> None:
    alice, bench = with_two_vendors(progress_with_sdp_then(503))
    BENCHES.append(bench)
    bench.routing.plan = plan(
        candidate(stop_rules=StopRules(after_sdp=False)),
        switch_policy=SwitchPolicy(until_connect=True),
    )

    bench.call(alice)
    await asyncio.sleep(1)
    if rtp_flows:
        bench.switch.tell(next(iter(bench.switch.calls)), FirstPacket(Side.B))
    await asyncio.sleep(3)

    assert bench.to(SECOND_VENDOR) == ([] if rtp_flows else ["INVITE", "ACK"])


async def test_a_silent_gateway_hears_no_more_of_an_attempt_given_up() -> None:
    alice, bench = with_two_vendors(silent)

    bench.call(alice)
    await asyncio.sleep(60)

    assert bench.to(VENDOR) == ["INVITE"] * 5  # at 0, 0.5, 1.5, 3.5 and 7.5 s


async def test_a_2xx_of_an_attempt_given_up_is_acknowledged_and_ended() -> None:
    answered_late: list[tuple[UserAgent, RequestReceived]] = []

    def late(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                answered_late.append((agent, event))
            case DialogRequestReceived():
                agent.reply(event, 200)

    alice, bench = with_two_vendors(late)

    bench.call(alice)
    await asyncio.sleep(12)
    agent, event = answered_late[0]
    agent.answer(event)
    bench.pump(agent)
    await asyncio.sleep(1)

    assert bench.to(VENDOR).index("ACK") < bench.to(VENDOR).index("BYE")
    assert bench.to(CALLER) == ["100", "180", "200"]
    assert len(bench.switch.calls) == 1


async def test_a_vendors_challenge_is_answered_once_with_its_credentials() -> None:
    seen: list[Request] = []

    def challenges(agent: UserAgent, event: Event) -> None:
        if not (isinstance(event, RequestReceived) and event.request.method == "INVITE"):
            return
        seen.append(event.request)
        response = event.request.reply(401, to_tag="bob")
        if "Authorization" not in event.request.headers:
            response.headers.set("WWW-Authenticate", 'Digest realm="v", nonce="n", qop="auth"')
            agent.transactions.respond(event.transaction, response, agent.now)
        else:
            agent.answer(event)

    alice = caller()
    bench = SwitchBench(alice, vendor(challenges))
    bench.routing.plan = plan(candidate(credentials=Credentials("us", "secret")))

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(VENDOR)[:3] == ["INVITE", "ACK", "INVITE"]
    assert [request.headers.cseq.number for request in seen] == [1, 2]
    assert 'username="us"' in (seen[1].headers.get("Authorization") or "")
    assert len(bench.routing.failed) == 0


async def test_sig02_a_call_to_where_we_are_registered_is_sent_in_that_domain() -> None:
    alice, bob = caller(), vendor()
    bench = SwitchBench(alice, bob)
    bench.routing.plan = plan(candidate(domain="vox.example"))
    bench.call(alice)
    await asyncio.sleep(1)

    (received,) = bob.events_of(RequestReceived)
    assert received.request.target == "sip:4420@vox.example"
    assert str(received.request.headers.from_.uri) == "sip:1001@vox.example"
    assert str(received.request.headers.to.uri) == "sip:4420@vox.example"


async def test_a_challenge_without_credentials_is_a_failure_like_any_other() -> None:
    alice, bench = with_two_vendors(gives(407))

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(SECOND_VENDOR) == ["INVITE", "ACK"]


async def test_sig23_the_callers_list_replaces_the_code_and_the_cdr_keeps_it() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(503)))
    bench.routing.plan = plan(failure_codes={503: 480, 0: 0})

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "480"]
    assert bench.cdr.sip_status == 503


async def test_sig26_the_retry_after_of_a_503_is_told_to_routing() -> None:
    def asks_for_rest(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            response = event.request.reply(503, to_tag="bob")
            response.headers.set("Retry-After", "20")
            agent.transactions.respond(event.transaction, response, agent.now)

    alice, bench = with_two_vendors(asks_for_rest)

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.routing.failed[0].failed.retry_after == timedelta(seconds=20)


async def test_the_caller_cancels_while_it_rings() -> None:
    alice, bench = with_two_vendors(gives(180))

    transaction = bench.call(alice)
    await asyncio.sleep(5)
    bench.cancel(alice, transaction)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "180", "200", "487"]
    assert bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(SECOND_VENDOR) == []
    assert bench.cdr.reason is CallEndReason.CALLER_HANGUP
    assert bench.cdr.end_direction is EndDirection.CALLER
    assert bench.cdr.sip_status == 487


async def test_a_cancel_before_the_vendors_100_waits_for_it() -> None:
    held: list[tuple[UserAgent, RequestReceived]] = []

    def slow(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                held.append((agent, event))
            case CancelReceived(transaction, _):
                response = transaction.request.reply(487, to_tag="bob")
                agent.transactions.respond(transaction, response, agent.now)

    alice, bench = with_two_vendors(slow)
    transaction = bench.call(alice)
    await asyncio.sleep(0.1)

    bench.cancel(alice, transaction)
    await asyncio.sleep(0.2)
    assert "CANCEL" not in bench.to(VENDOR)
    agent, event = held[0]
    agent.reply(event, 180)
    bench.pump(agent)
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(CALLER)[-1] == "487"


async def test_a_cancel_that_crosses_the_answer_ends_the_vendors_leg_with_bye() -> None:
    held: list[tuple[UserAgent, RequestReceived]] = []

    def rings(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(_, request) if request.method == "INVITE":
                agent.reply(event, 180)
                held.append((agent, event))
            case DialogRequestReceived():
                agent.reply(event, 200)

    alice, bench = with_two_vendors(rings)
    transaction = bench.call(alice)
    await asyncio.sleep(1)

    agent, event = held[0]
    agent.answer(event)
    bench.cancel(alice, transaction)
    await asyncio.sleep(0.0015)
    bench.pump(agent)
    await asyncio.sleep(2)

    assert bench.to(VENDOR)[:4] == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert bench.to(CALLER)[-1] == "487"
    assert not bench.cdr.attempts[0].answered


async def test_a_call_to_a_phone_goes_to_its_binding() -> None:
    phone = candidate(endpoint=Endpoint(EndpointKind.PHONE, "1001"), targets=())
    alice = caller()
    bench = SwitchBench(alice, vendor())
    bench.routing.plan = plan(phone)
    bench.auth.bindings = (bench.binding("sip:1001@192.168.1.7:5062", VENDOR),)

    bench.call(alice)
    await asyncio.sleep(2)

    outgoing = next(d for _, to, d in bench.messages if to == VENDOR)
    assert outgoing.startswith(b"INVITE sip:1001@192.168.1.7:5062 SIP/2.0")
    assert bench.to(CALLER) == ["100", "180", "200"]


async def test_sig24_a_call_to_a_phone_that_is_offline_gets_480() -> None:
    alice = caller()
    bench = SwitchBench(alice)
    phone = candidate(endpoint=Endpoint(EndpointKind.PHONE, "1001"), targets=())
    bench.routing.plan = plan(phone)

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "480"]
    assert bench.cdr.attempts[0].outcome == "offline"


@pytest.mark.parametrize("mode", [MediaProxy.ON, MediaProxy.MUST_ON])
async def test_med13_without_a_free_port_the_attempt_fails_as_capacity_exceeded(
    mode: MediaProxy,
) -> None:
    settings = CallSettings("signaling-1", OneAddress(), relay=RelayParameters(mode=mode))
    alice = caller()
    bench = SwitchBench(alice, vendor(), settings=settings)
    bench.media.full = True

    bench.call(alice)
    await asyncio.sleep(2)

    assert bench.to(CALLER) == ["100", "503"]
    assert bench.cdr.reason is CallEndReason.CAPACITY_EXCEEDED
