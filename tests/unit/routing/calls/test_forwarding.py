"""Phones that pass their calls on, by decision (SIG-22)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from support.routing import Bench, documents
from trunkline_routing.calls.call import PassedOn, Passing
from trunkline_routing.calls.course import Record
from trunkline_routing.calls.decision import Attempt, Decision, Plan
from trunkline_routing.calls.facts import Facts
from trunkline_routing.calls.refusals import EndReason, Refusal
from trunkline_routing.candidates.offer import Offer
from trunkline_routing.capacity.memory import MemorySeats
from trunkline_routing.documents.forwarding import CallerDisplay
from trunkline_routing.model.callers import Endpoint, Kind
from trunkline_routing.parameters import Parameters

PHONE = Endpoint(Kind.PHONE, "2001")
TO_2002 = {"numbers": ["2002"]}


def bench(**phone: Any) -> Bench:
    """Return a router over phone 2001 with these fields, and 2002 to 2009."""
    others: dict[str, Any] = {str(number): {} for number in range(2002, 2010)}
    return Bench(phones={"2001": phone, **others}, routing={"vox": {"prefixes": ["44"]}})


async def failed(bench: Bench, call_id: str, number: int = 1, **attempt: Any) -> Offer | Refusal:
    """Say how an attempt at the phone failed; return what comes next."""
    return await bench.router.next(call_id, Attempt(number, PHONE, **attempt), bench.now)


def numbers(outcome: Offer | Refusal) -> tuple[str, ...]:
    """Return whom the call is passed on to."""
    assert isinstance(outcome, Offer), outcome
    assert outcome.forward is not None, outcome
    return outcome.forward.numbers


async def test_a_phone_that_wants_no_calls_is_busy_whatever_it_forwards() -> None:
    """SIG-22, acceptance: DND on -> 486; [P] DND wins over forwarding."""
    refusal = await bench(doNotDisturb=True, forwarding={"unconditional": TO_2002}).refusal("2001")

    assert (refusal.reason, refusal.sip_status) == (EndReason.USER_BUSY, 486)


@pytest.mark.parametrize("locked", ["in", "all"])
async def test_a_lock_comes_before_do_not_disturb(locked: str) -> None:
    """SIG-22: lockType in/all -> 403."""
    refusal = await bench(locked=locked, doNotDisturb=True).refusal("2001")

    assert refusal.sip_status == 403


async def test_unconditional_comes_before_periods() -> None:
    """SIG-22: the order."""
    phone = bench(
        forwarding={"unconditional": TO_2002, "periods": [{"numbers": ["2003"]}]},
    )

    first = (await phone.plan("2001")).first
    assert numbers(first) == ("2002",)
    assert first.forward is not None
    assert first.forward.reason == "unconditional"


@pytest.mark.parametrize(
    ("periods", "reached"),
    [
        pytest.param(
            [
                {"numbers": ["2003"], "weekdays": ["monday"]},
                {"numbers": ["2004"], "begin": "12:00:00", "end": "13:00:00"},
                {"numbers": ["2005"]},
            ],
            ("2004",),
            id="the first that holds",
        ),
        pytest.param([{"numbers": ["2003"], "begin": "12:00:01"}], None, id="none holds yet"),
        pytest.param(
            [{"numbers": ["2003"], "calendar": {"name": "work", "days": "working"}}],
            ("2003",),
            id="a calendar's working day",
        ),
        pytest.param(
            [{"numbers": ["2003"], "calendar": {"name": "work", "days": "off"}}],
            None,
            id="not a day off",
        ),
    ],
)
async def test_a_period_passes_calls_on_while_it_holds(
    periods: list[dict[str, Any]], reached: tuple[str, ...] | None
) -> None:
    """SIG-22, MGT-05: it is Wednesday noon."""
    router = Bench(phones={"2001": {"forwarding": {"periods": periods}}}, calendars={"work": {}})

    forward = (await router.plan("2001")).first.forward
    assert (forward.numbers if forward else None) == reached


@pytest.mark.parametrize(
    ("field", "attempt", "reason"),
    [
        pytest.param("busy", {"sip_status": 486}, "user-busy", id="486"),
        pytest.param("busy", {"sip_status": 480, "q850_cause": 17}, "user-busy", id="Q.850 17"),
        pytest.param("offline", {"sip_status": 480}, "unavailable", id="no live binding"),
        pytest.param("noAnswer", {"progressed": True}, "no-answer", id="rang in vain"),
        pytest.param(
            "noAnswer", {"progressed": True, "sip_status": 480}, "no-answer", id="480 after 180"
        ),
    ],
)
async def test_a_failure_passes_the_call_on_where_the_phone_says_so(
    field: str, attempt: dict[str, Any], reason: str
) -> None:
    """SIG-22."""
    router = bench(forwarding={field: TO_2002})
    first = (await router.plan("2001", id="call")).first

    following = await failed(router, "call", **attempt)

    assert first.forward is None
    assert isinstance(following, Offer)
    assert following.forward is not None
    assert (following.forward.reason, following.forward.numbers) == (reason, ("2002",))


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param({"sip_status": 486}, id="busy"),
        pytest.param({"sip_status": 603, "progressed": True}, id="declined"),
        pytest.param({"progressed": True}, id="no answer"),
    ],
)
async def test_a_failure_of_another_kind_is_the_end(attempt: dict[str, Any]) -> None:
    """SIG-22."""
    router = bench(forwarding={"offline": TO_2002})
    await router.plan("2001", id="call")

    assert isinstance(await failed(router, "call", **attempt), Refusal)


async def test_a_phone_rings_as_long_as_its_no_answer_target_says() -> None:
    """SIG-22: no answer after alertSecond."""
    router = bench(forwarding={"noAnswer": {"numbers": ["2002"], "alert": 15}})

    first = (await router.plan("2001")).first
    assert first.ringing == 15
    assert not first.stop_rules.after_ringing


async def test_a_full_line_is_busy() -> None:
    """SIG-22: busy when 486 or line limit."""
    router = bench(lines={"incoming": 1}, forwarding={"busy": TO_2002})
    await router.plan("2001")

    assert numbers((await router.plan("2001")).first) == ("2002",)


async def test_numbers_are_called_one_after_the_other_and_the_last_one_rings_on() -> None:
    """SIG-22: method 0; alertSecond is ignored for the last number."""
    target = {"numbers": ["2002", "2003"], "alert": 20}
    router = bench(forwarding={"unconditional": target})

    first = (await router.plan("2001", id="call")).first
    second = await failed(router, "call", 1, sip_status=486)
    end = await failed(router, "call", 2, sip_status=486)

    assert (numbers(first), first.ringing) == (("2002",), 20)
    assert isinstance(second, Offer)
    assert (numbers(second), second.ringing) == (("2003",), None)
    assert isinstance(end, Refusal)


async def test_random_numbers_are_all_called_in_an_order_of_their_own() -> None:
    """SIG-22: method 2."""
    target = {"numbers": ["2002", "2003", "2004"], "method": "random"}
    router = bench(forwarding={"unconditional": target})

    firsts = {numbers((await router.plan("2001")).first) for _ in range(50)}
    assert firsts == {("2002",), ("2003",), ("2004",)}


async def test_simultaneous_numbers_are_one_attempt() -> None:
    """SIG-22: method 3."""
    target = {"numbers": ["2002", "2003"], "method": "simultaneous", "alert": 20}
    first = (await bench(forwarding={"unconditional": target}).plan("2001")).first

    assert (numbers(first), first.ringing) == (("2002", "2003"), None)


async def forwarded(router: Bench, callee: str, *forwarders: str, **headers: str) -> Decision:
    """Route the call that the last of these phones makes."""
    return await router.route(
        callee,
        endpoint=Endpoint(Kind.PHONE, forwarders[-1]),
        passed_on=PassedOn(Passing.FORWARDED, forwarders),
        **headers,
    )


def first_of(decision: Decision) -> Offer:
    """Return the first way of a call that goes somewhere."""
    assert isinstance(decision.outcome, Plan), decision.outcome
    return decision.outcome.first


def refusal_of(decision: Decision) -> Refusal:
    """Return why a call goes nowhere."""
    assert isinstance(decision.outcome, Refusal), decision.outcome
    return decision.outcome


async def test_the_new_call_is_the_phones_and_shows_the_original_caller() -> None:
    """SIG-22: billed to the forwarding phone; SS_CALL_FORWARD_DISPLAY Original."""
    router = bench(account="tenant", lines={"total": 1})
    await router.route("442071234567", endpoint=PHONE)  # its only line is taken

    decision = await forwarded(router, "442071234567", "2001")

    assert isinstance(decision.known, Facts)
    assert (decision.known.account, decision.known.numbers.caller) == ("tenant", "2001")
    assert first_of(decision).numbers.caller == "15551234"


@pytest.mark.parametrize(
    ("display", "parameter", "shown"),
    [
        (None, CallerDisplay.ORIGINAL, "15551234"),
        (None, CallerDisplay.LOCAL, "2001"),
        ("original", CallerDisplay.LOCAL, "15551234"),
        ("local", CallerDisplay.ORIGINAL, "2001"),
    ],
)
async def test_the_phone_or_the_parameter_says_whose_number_is_shown(
    display: str | None, parameter: CallerDisplay, shown: str
) -> None:
    """SIG-22: callForwardDisplay, SS_CALL_FORWARD_DISPLAY."""
    router = bench(forwarding={"display": display})
    router.view.parameters = Parameters(forward_display=parameter)

    decision = await forwarded(router, "442071234567", "2001")
    assert first_of(decision).numbers.caller == shown


async def test_a_phone_that_shows_itself_hides_whom_it_forwards() -> None:
    """SIG-22."""
    router = Bench(
        phones={"2001": {"forwarding": {"display": "local"}}},
        routing={"vox": {"identity": {"asserted": "passthrough"}}},
    )

    asserted = "<sip:15551234@example.com>"
    decision = await forwarded(router, "442071234567", "2001", asserted_identity=asserted)
    assert first_of(decision).presentation.asserted == ""


async def test_a_call_that_comes_back_is_a_loop() -> None:
    """SIG-22: the same number twice -> 482."""
    router = bench()

    decision = await forwarded(router, "2001", "2001", "2002")
    assert refusal_of(decision).sip_status == 482
    assert refusal_of(decision).reason is EndReason.FORWARD_LIMIT


async def test_the_sixth_forward_is_one_too_many() -> None:
    """SIG-22: at most 5 forwards per call."""
    router = bench(forwarding={"unconditional": TO_2002})
    five = ("2005", "2006", "2007", "2008", "2009")

    assert numbers(first_of(await forwarded(router, "2001", *five[1:]))) == ("2002",)
    assert refusal_of(await forwarded(router, "2001", *five)).sip_status == 482


async def test_another_replica_goes_on_forwarding() -> None:
    """0.6: any replica goes on with the call, from what is kept as JSON."""
    target = {"numbers": ["2002", "2003", "2004"]}
    phones = {"2001": {"forwarding": {"busy": target}}}
    seats = MemorySeats()
    one, other = Bench(phones=phones, seats=seats), Bench(phones=phones, seats=seats)
    await one.plan("2001", id="call")
    await failed(one, "call", 1, sip_status=486)

    following = await failed(other, "call", 2, sip_status=486)
    assert numbers(following) == ("2003",)


def test_a_record_of_a_forwarded_call_survives() -> None:
    passed_on = PassedOn(Passing.FORWARDED, ("2001", "2002"))
    call = Bench(phones={"2001": {}}).call("2002", passed_on=passed_on)

    record = Record(call, 7, 2, ("2003",), "user-busy")
    assert Record.from_json(record.to_json()) == record


def test_a_record_of_an_older_replica_is_read() -> None:
    """A rolling update: what it left out is nothing."""
    record = Record(Bench(phones={"2001": {}}).call("2002"), 7, 2, ("vox",))
    fields = json.loads(record.to_json())
    del fields["cause"], fields["call"]["passed_on"]

    assert Record.from_json(json.dumps(fields)) == record


async def test_an_explanation_shows_where_a_call_is_passed_on() -> None:
    """SIG-22, RTE-07: `trunkline route explain`."""
    outcome = bench(forwarding={"unconditional": TO_2002}).explain("2001").decision.outcome

    assert not isinstance(outcome, Refusal)
    assert numbers(outcome.first) == ("2002",)


@pytest.mark.parametrize(
    ("forwarding", "message"),
    [
        pytest.param({"busy": {"numbers": []}}, "at least 1", id="nobody to call"),
        pytest.param({"busy": {"numbers": ["bob"]}}, "pattern", id="not a number"),
        pytest.param({"busy": {"numbers": ["1", "1"]}}, "once", id="a number twice"),
        pytest.param(
            {"busy": {"numbers": ["1"], "method": "fastest"}}, "simultaneous", id="a method"
        ),
        pytest.param({"busy": {"numbers": ["1"], "alert": 0}}, "greater", id="no time to ring"),
        pytest.param(
            {"periods": [{"numbers": ["1"], "begin": "12:00", "end": "12:00"}]},
            "empty",
            id="an empty period",
        ),
    ],
)
def test_bad_forwarding_is_refused_at_the_document(
    forwarding: dict[str, Any], message: str
) -> None:
    """0.4, SIG-22."""
    with pytest.raises(ValidationError, match=message):
        documents(phones={"2001": {"forwarding": forwarding}})
