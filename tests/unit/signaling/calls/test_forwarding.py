"""Forwarded calls on the wire, the real routing deciding (SIG-22)."""

import asyncio

import pytest
from support.platform import PHONE_1, PHONE_2, cdr_to, phone, platform, to
from support.switch import CALLER, VENDOR, caller, gives, invite, vendor
from support.user_agent import UserAgent
from trunkline_kernel.metrics import Metrics
from trunkline_signaling.calls.parties import EndpointKind
from trunkline_signaling.calls.reasons import CallEndReason, EndDirection
from trunkline_signaling.calls.services import Unpayable
from trunkline_signaling.observation import Observation
from trunkline_signaling.shell.leases import seats_of
from trunkline_signaling.sip.outputs import ResponseReceived
from trunkline_signaling.trace.events import TraceFilter
from trunkline_signaling.trace.ring import Trace

BUSY_TO_2002 = {"busy": {"numbers": ["2002"]}}


async def test_do_not_disturb_is_busy() -> None:
    """SIG-22, acceptance: DND on -> 486."""
    alice, bob = caller(), phone(PHONE_1)
    bench = platform(
        alice, bob, phones={"2001": {"doNotDisturb": True, "forwarding": BUSY_TO_2002}, "2002": {}}
    )

    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "486"]
    assert bench.to(PHONE_1) == []


async def test_a_busy_phone_forwards_and_pays() -> None:
    """SIG-22, acceptance: 2002 rings and the CDR of the second leg bills the forwarder."""
    alice = caller()
    bench = platform(
        alice,
        phone(PHONE_1, 486),
        phone(PHONE_2),
        phones={"2001": {"account": "tenant", "forwarding": BUSY_TO_2002}, "2002": {}},
    )

    bench.call(alice, to("2001"))
    await asyncio.sleep(10)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert bench.to(PHONE_2) == ["INVITE", "ACK", "BYE"]
    assert bench.to(CALLER) == ["100", "180", "200", "200"]
    first, second = cdr_to(bench, "2001"), cdr_to(bench, "2002")
    assert (first.account, first.payer) == ("acme", EndpointKind.MAPPING_GATEWAY)
    assert (second.account, second.payer) == ("tenant", EndpointKind.PHONE)
    assert second.caller == "2001"
    assert (first.talk - second.talk).total_seconds() == pytest.approx(0, abs=0.1)
    assert second.caller_address == CALLER
    assert {cdr.reason for cdr in (first, second)} == {CallEndReason.CALLER_HANGUP}
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_a_call_that_is_passed_on_announces_no_line_of_its_phone() -> None:
    """SIG-22: routing takes none for it, and must not learn of one after a restart."""
    alice = caller()
    phones = {"2001": {"forwarding": BUSY_TO_2002}, "2002": {}}
    bench = platform(alice, phone(PHONE_1, 486), phone(PHONE_2), phones=phones)

    bench.call(alice, to("2001"))
    await asyncio.sleep(10)
    first, second = seats_of(bench.switch.calls.values())
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert first.caller is not None and first.callee is None
    assert second.caller is None
    assert second.callee is not None and second.callee.name == "2002"


async def test_the_trace_says_of_either_call_what_became_of_it() -> None:
    """SIG-22, MGT-03."""
    alice = caller()
    bench = platform(
        alice,
        phone(PHONE_1, 486),
        phone(PHONE_2),
        phones={"2001": {"forwarding": BUSY_TO_2002}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert "phone 2001 forwards to 2002: user-busy" in bench.observer.notes
    assert "forwarded by phone 2001" in bench.observer.notes


async def test_who_answers_may_hang_up_too() -> None:
    """SIG-22: the end passes back through both calls."""
    alice, carol = caller(), phone(PHONE_2)
    bench = platform(
        alice,
        carol,
        phones={"2001": {"forwarding": {"unconditional": {"numbers": ["2002"]}}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(10)

    bench.send_in(carol, "BYE")
    await asyncio.sleep(1)

    assert bench.to(CALLER)[-1] == "BYE"
    assert [cdr.end_direction for cdr in bench.cdrs.cdrs] == [EndDirection.CALLEE] * 2
    assert not bench.switch.calls


async def test_both_calls_are_asked_for_money() -> None:
    """SIG-22: the new call is billed to the forwarding phone."""
    alice = caller()
    bench = platform(
        alice,
        vendor(),
        phones={
            "2001": {"account": "tenant", "forwarding": {"unconditional": {"numbers": ["4420"]}}}
        },
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert [(each.account, each.callee) for each in bench.billing.authorized] == [
        ("acme", "2001"),
        ("tenant", "4420"),
    ]


async def test_a_forwarder_without_money_fails_the_call() -> None:
    """SIG-22, BIL-05: the caller hears 402."""
    alice = caller()
    bench = platform(
        alice,
        vendor(),
        phones={
            "2001": {"account": "tenant", "forwarding": {"unconditional": {"numbers": ["4420"]}}}
        },
    )
    bench.billing.by_account["tenant"] = Unpayable(CallEndReason.BALANCE_INSUFFICIENT, "0 left")
    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == []
    assert bench.to(CALLER) == ["100", "402"]
    assert cdr_to(bench, "4420").reason is CallEndReason.BALANCE_INSUFFICIENT


async def test_the_vendor_hears_who_has_forwarded_the_call_and_who_calls() -> None:
    """SIG-22: Diversion (RFC 5806), the last forwarder first; the original caller is shown."""
    alice, bob = caller(), vendor()
    bench = platform(
        alice,
        bob,
        phone(PHONE_2, 486),
        phones={
            "2001": {"forwarding": {"unconditional": {"numbers": ["2002"]}}},
            "2002": {"forwarding": {"busy": {"numbers": ["4420"]}}},
        },
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    assert sent.headers.lines("Diversion") == [
        "<sip:2002@10.0.0.1>;reason=user-busy",
        "<sip:2001@10.0.0.1>;reason=unconditional",
    ]
    assert str(sent.headers.from_.uri) == "sip:1001@10.0.0.1"


async def test_the_forwarder_is_shown_where_it_wants_to_be() -> None:
    """SIG-22: callForwardDisplay local."""
    alice, bob = caller(), vendor()
    forwarding = {"unconditional": {"numbers": ["4420"]}, "display": "local"}
    bench = platform(alice, bob, phones={"2001": {"forwarding": forwarding}})

    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    (sent,) = bench.requests(VENDOR)
    assert str(sent.headers.from_.uri) == "sip:2001@10.0.0.1"


async def test_a_phone_without_a_binding_forwards_at_once() -> None:
    """SIG-22: offline."""
    alice = caller()
    bench = platform(
        alice, vendor(), phones={"2003": {"forwarding": {"offline": {"numbers": ["4420"]}}}}
    )
    bench.call(alice, to("2003"))
    await asyncio.sleep(1)

    assert bench.to(VENDOR) == ["INVITE", "ACK"]


async def test_a_phone_that_nobody_answers_is_cancelled_and_forwards() -> None:
    """SIG-22: no answer after alertSecond."""
    alice = caller()
    bench = platform(
        alice,
        vendor(),
        phone(PHONE_1, 180),
        phones={"2001": {"forwarding": {"noAnswer": {"numbers": ["4420"], "alert": 15}}}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(14.9)
    before = bench.to(VENDOR)
    await asyncio.sleep(1)

    assert before == []
    assert bench.to(PHONE_1) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(VENDOR) == ["INVITE", "ACK"]
    assert bench.to(CALLER) == ["100", "180", "200"]


async def test_numbers_are_called_one_after_the_other() -> None:
    """SIG-22: method 0."""
    alice, carol = caller(), phone(PHONE_2, 180)
    numbers = {"numbers": ["2002", "4420"], "alert": 10}
    bench = platform(
        alice,
        carol,
        vendor(),
        phones={"2001": {"forwarding": {"unconditional": numbers}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(11)

    assert bench.to(PHONE_2) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(VENDOR) == ["INVITE", "ACK"]
    assert cdr_to(bench, "2002").reason is CallEndReason.CALLER_HANGUP


SIMULTANEOUS = {"numbers": ["2002", "4420"], "method": "simultaneous"}


async def test_the_first_of_several_to_answer_has_the_call() -> None:
    """SIG-22: method 3; the others are cancelled."""
    alice, carol, bob = caller(), phone(PHONE_2, 180), vendor()
    bench = platform(
        alice,
        carol,
        bob,
        phones={"2001": {"forwarding": {"unconditional": SIMULTANEOUS}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    assert bench.to(PHONE_2) == ["INVITE", "CANCEL", "ACK"]
    assert bench.to(VENDOR) == ["INVITE", "ACK", "BYE"]
    assert bench.to(CALLER) == ["100", "180", "200", "200"]
    assert len(bench.cdrs.cdrs) == 3
    assert not bench.switch.calls
    assert not bench.switch.dialogs


async def test_two_that_answer_at_once_are_told_apart() -> None:
    """SIG-22: method 3; the second 200 is acknowledged and ended."""
    alice, carol, bob = caller(), phone(PHONE_2), vendor()
    bench = platform(
        alice,
        carol,
        bob,
        phones={"2001": {"forwarding": {"unconditional": SIMULTANEOUS}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)

    ends = sorted([bench.to(PHONE_2), bench.to(VENDOR)])
    assert ends == [["INVITE", "ACK"], ["INVITE", "ACK", "BYE"]]
    assert bench.to(CALLER) == ["100", "180", "200"]


async def test_several_that_refuse_fail_the_call_once_all_have() -> None:
    """SIG-22: method 3."""
    alice = caller()
    bench = platform(
        alice,
        phone(PHONE_2, 180, 486),
        UserAgent(VENDOR, script=gives(180, 404)),
        phones={"2001": {"forwarding": {"unconditional": SIMULTANEOUS}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)

    assert bench.to(CALLER) == ["100", "180", "404"]
    assert not bench.switch.calls


async def test_a_caller_that_gives_up_cancels_every_number() -> None:
    """SIG-22: method 3."""
    alice = caller()
    bench = platform(
        alice,
        phone(PHONE_2, 180),
        UserAgent(VENDOR, script=gives(180)),
        phones={"2001": {"forwarding": {"unconditional": SIMULTANEOUS}}, "2002": {}},
    )
    placed = bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.cancel(alice, placed)
    await asyncio.sleep(1)

    assert bench.to(PHONE_2) == bench.to(VENDOR) == ["INVITE", "CANCEL", "ACK"]
    assert {cdr.reason for cdr in bench.cdrs.cdrs} == {CallEndReason.CALLER_HANGUP}
    assert not bench.switch.calls


async def test_two_phones_that_forward_to_each_other_are_a_loop() -> None:
    """SIG-22: 482 and reason Forward limit."""
    alice = caller()
    bench = platform(
        alice,
        phones={
            "2001": {"forwarding": {"unconditional": {"numbers": ["2002"]}}},
            "2002": {"forwarding": {"unconditional": {"numbers": ["2001"]}}},
        },
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "482"]
    assert {cdr.reason for cdr in bench.cdrs.cdrs} == {CallEndReason.FORWARD_LIMIT}
    assert not bench.switch.calls


async def test_a_loop_that_shows_only_after_ringing_is_a_forward_limit_too() -> None:
    """SIG-22: at most 5 forwards."""
    alice = caller()
    bench = platform(
        alice,
        phone(PHONE_1, 486),
        phones={
            **{
                str(number): {"forwarding": {"unconditional": {"numbers": [str(number + 1)]}}}
                for number in range(3001, 3006)
            },
            "3006": {"forwarding": {"offline": {"numbers": ["4420"]}}},
        },
    )
    bench.call(alice, to("3001"))
    await asyncio.sleep(1)

    assert bench.to(CALLER) == ["100", "482"]
    assert bench.to(VENDOR) == []


async def test_hold_passes_through_a_forwarded_call() -> None:
    """SIG-22, RFC 3264: both calls are ordinary dialogs."""
    alice, carol = caller(), phone(PHONE_2)
    bench = platform(
        alice,
        carol,
        phones={"2001": {"forwarding": {"unconditional": {"numbers": ["2002"]}}}, "2002": {}},
    )
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.send_in(alice, "INVITE", invite().body.replace(b"4000", b"4002"))
    await asyncio.sleep(1)

    again = bench.requests(PHONE_2)[-1]
    assert b"m=audio 4002" in again.body
    assert [e.response.status for e in alice.events_of(ResponseReceived)][-1] == 200


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        pytest.param(CallEndReason.BALANCE_INSUFFICIENT, 403, id="no money: 403"),
        pytest.param(CallEndReason.ACCOUNT_EXPIRED, 403, id="expired: 403"),
    ],
)
async def test_a_phone_whose_account_cannot_pay_does_not_ring(
    reason: CallEndReason, status: int
) -> None:
    """BIL-07: billing is asked about the callee's account, and its refusal reaches the caller."""
    alice, bob = caller(), phone(PHONE_1)
    bench = platform(alice, bob, phones={"2001": {"account": "tenant"}})
    of_callee = reason is CallEndReason.BALANCE_INSUFFICIENT
    bench.billing.decision = Unpayable(reason, "callee", of_callee)

    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    assert bench.billing.authorized[0].callee_account == "tenant"
    assert bench.to(PHONE_1) == []
    assert bench.to(CALLER) == ["100", str(status)]
    assert bench.cdr.reason is reason


async def test_the_trace_leads_from_a_call_to_the_one_it_continues_in() -> None:
    """MGT-03: the ladder of a call that a phone forwards goes on in that of the phone's call."""
    alice, trace = caller(), Trace(1 << 20, asyncio.get_running_loop().time)
    bench = platform(
        alice,
        phone(PHONE_1, 486),
        phone(PHONE_2),
        phones={"2001": {"forwarding": BUSY_TO_2002}, "2002": {}},
        observer=Observation(Metrics("signaling"), trace),
    )
    trace.start(TraceFilter(), None)

    bench.call(alice, to("2001"))
    await asyncio.sleep(1)

    first, second = bench.switch.calls
    links = [
        event
        async for event in trace.read(TraceFilter(call_id=first), follow=False)
        if event.continues_in
    ]
    assert [(event.call_id, event.continues_in) for event in links] == [(first, second)]
    assert links[0].summary == f"continues in call {second}"
