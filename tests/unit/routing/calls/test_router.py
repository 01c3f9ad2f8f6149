"""A call's way: seats, the next candidate, idempotence, and refusals before any gateway."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.routing import CUSTOMER, Bench, order
from trunkline_routing.calls.decision import Attempt, Plan
from trunkline_routing.calls.facts import Facts
from trunkline_routing.calls.refusals import EndReason, Refusal
from trunkline_routing.candidates.offer import Offer
from trunkline_routing.capacity.memory import MemorySeats
from trunkline_routing.errors import UnknownCall
from trunkline_routing.model.callers import Endpoint, Kind

THREE = {"a": {"priority": 1}, "b": {"priority": 2}, "c": {"priority": 3}}


def seats(bench: Bench, name: str) -> int:
    return bench.seats.calls(f"RoutingGateway/{name}")


async def test_a_routed_call_holds_a_seat_of_its_caller_and_one_of_its_candidate() -> None:
    bench = Bench(routing=THREE)
    await bench.plan()

    assert bench.seats.calls("MappingGateway/acme") == 1
    assert (seats(bench, "a"), seats(bench, "b")) == (1, 0)


async def test_a_call_routed_again_gets_its_first_answer_and_no_second_seat() -> None:
    bench = Bench(routing={"a": {}, "b": {}})
    first = await bench.route(id="call")
    again = await bench.route(id="call")

    assert again == first
    assert bench.seats.calls("MappingGateway/acme") == 1


async def test_a_failed_attempt_gives_its_seat_to_the_next_candidate() -> None:
    bench = Bench(routing=THREE)
    await bench.plan(id="call")
    second = await bench.fail("call", 1, "a")

    assert isinstance(second, Offer)
    assert second.endpoint.name == "b"
    assert (seats(bench, "a"), seats(bench, "b")) == (0, 1)


async def test_the_same_failure_told_twice_moves_on_once() -> None:
    bench = Bench(routing=THREE)
    await bench.plan(id="call")
    second = await bench.fail("call", 1, "a")

    assert await bench.fail("call", 1, "a") == second
    assert seats(bench, "b") == 1


async def test_capacity_is_looked_at_anew_for_every_attempt() -> None:
    """RTE-09."""
    bench = Bench(routing={**THREE, "b": {"priority": 2, "capacity": {"calls": 1}}})
    await bench.plan(id="first")
    await bench.fail("first", 1, "a")
    await bench.plan(id="second")
    third = await bench.fail("second", 1, "a")

    assert isinstance(third, Offer)
    assert third.endpoint.name == "c"


async def test_after_the_last_candidate_none_is_left() -> None:
    bench = Bench(routing={"a": {}})
    await bench.plan(id="call")

    exhausted = await bench.fail("call", 1, "a")
    assert isinstance(exhausted, Refusal)
    assert exhausted.reason is EndReason.ROUTE_NOT_FOUND


async def test_a_call_nobody_routed_has_no_next_candidate() -> None:
    with pytest.raises(UnknownCall, match="no call stranger"):
        await Bench().fail("stranger", 1, "a")


async def test_a_released_call_leaves_nothing_behind() -> None:
    bench = Bench(routing=THREE)
    await bench.plan(id="call")
    await bench.router.release("call", None, bench.now)
    await bench.router.release("call", None, bench.now)

    assert (bench.seats.calls("MappingGateway/acme"), seats(bench, "a")) == (0, 0)
    assert bench.router.under_way() == 0


async def test_a_refused_call_leaves_no_seat_behind() -> None:
    bench = Bench(routing={"a": {"prefixes": ["1"]}})
    await bench.refusal("44")

    assert bench.seats.calls("MappingGateway/acme") == 0


async def test_a_full_customer_is_refused_before_any_gateway_is_tried() -> None:
    bench = Bench(mapping={"acme": {"capacity": {"calls": 1}}}, routing=THREE)
    await bench.plan()

    refusal = await bench.refusal()
    assert (refusal.reason, refusal.sip_status) == (EndReason.CAPACITY_EXCEEDED, 503)
    assert "MappingGateway/acme has 1 of 1 calls" in refusal.explanation


async def test_a_customer_begins_no_more_calls_a_second_than_it_may() -> None:
    bench = Bench(mapping={"acme": {"capacity": {"callsPerSecond": 1}}}, routing=THREE)
    await bench.plan()
    assert "1 calls a second" in (await bench.refusal()).explanation

    bench.now += timedelta(seconds=1)
    await bench.plan()


@pytest.mark.parametrize(
    ("capacity", "explanation"),
    [
        pytest.param({"calls": 1}, "has 1 of 1 calls", id="calls"),
        pytest.param({"callsPerSecond": 1}, "begins 1 calls a second", id="calls a second"),
    ],
)
async def test_a_full_customer_is_told_so_where_nobody_serves_the_number(
    capacity: dict[str, int], explanation: str
) -> None:
    """0.5: what comes first in the pipeline decides the reason."""
    bench = Bench(mapping={"acme": {"capacity": capacity}}, routing={"a": {"prefixes": ["1"]}})
    await bench.plan("1")

    assert explanation in (await bench.refusal("44")).explanation


async def test_a_phone_with_one_line_that_calls_itself_is_busy() -> None:
    """AUT-19: its lines are those that it calls on, too."""
    bench = Bench(phones={"1001": {"lines": {"total": 1}}})

    refusal = await bench.refusal("1001", endpoint=Endpoint(Kind.PHONE, "1001"))
    assert (refusal.reason, refusal.sip_status) == (EndReason.USER_BUSY, 486)
    assert refusal.explanation == "Phone/1001 has 1 of 1 calls"
    assert bench.seats.calls("Phone/1001") == 0


async def test_a_lost_signaling_instance_frees_its_calls() -> None:
    bench = Bench(routing=THREE)
    await bench.plan()
    await bench.router.expire(bench.now + timedelta(seconds=31))

    assert (bench.router.under_way(), seats(bench, "a")) == (0, 0)


async def test_a_route_that_its_release_has_overtaken_takes_no_seat() -> None:
    bench = Bench(routing=THREE)
    await bench.router.release("call", None, bench.now)

    with pytest.raises(UnknownCall, match="call call is over"):
        await bench.route(id="call")
    assert seats(bench, "a") == 0


async def test_a_restarted_signaling_instance_frees_and_forgets_the_calls_of_its_former_life() -> (
    None
):
    bench = Bench(routing=THREE)
    await bench.router.view.seats.announce("signaling-1", "first", [], bench.now.timestamp())
    await bench.router.renew("signaling-1", "first", bench.now)
    await bench.plan()

    bench.now += timedelta(seconds=5)
    await bench.plan(id="just begun")
    assert not await bench.router.renew("signaling-1", "second", bench.now)
    assert bench.router.under_way() == 1
    assert isinstance(await bench.fail("just begun", 1, "a"), Offer)


async def test_when_only_capacity_keeps_everybody_out_it_is_capacity_that_was_exceeded() -> None:
    """RTE-07."""
    bench = Bench(routing={"a": {"capacity": {"calls": 0}}, "b": {"locked": True}})

    assert (await bench.refusal()).reason is EndReason.CAPACITY_EXCEEDED


async def test_one_who_is_not_configured_is_refused() -> None:
    stranger = Endpoint(Kind.MAPPING_GATEWAY, "stranger")

    refusal = await Bench(routing=THREE).refusal(endpoint=stranger)
    assert (refusal.reason, refusal.sip_status) == (EndReason.AUTHENTICATION_FAILED, 403)


async def test_a_locked_customer_is_refused() -> None:
    """0.8"""
    bench = Bench(mapping={"acme": {"locked": True}}, routing=THREE)

    refusal = await bench.refusal()
    assert (refusal.reason, refusal.sip_status) == (EndReason.ACCOUNT_DISABLED, 403)


async def test_a_call_without_a_callee_is_refused() -> None:
    """SIG-20."""
    assert (await Bench(routing=THREE).refusal("")).sip_status == 484


@pytest.mark.parametrize(
    ("callee", "passes"),
    [pytest.param("12345678901", True, id="eleven"), pytest.param("1234567890", False, id="ten")],
)
async def test_a_number_of_the_wrong_length_is_restricted(callee: str, passes: bool) -> None:
    """RTE-25: mask 2048."""
    bench = Bench(mapping={"acme": {"checks": {"calleeLengths": [11]}}}, routing=THREE)
    outcome = (await bench.route(callee)).outcome

    assert isinstance(outcome, Plan) == passes
    assert passes or (isinstance(outcome, Refusal) and outcome.sip_status == 403)


async def test_checks_see_the_number_after_its_transform() -> None:
    """RTE-02, acceptance (d)."""
    bench = Bench(
        mapping={
            "acme": {
                "numbers": {"calleeDialPlan": "0:44"},
                "checks": {"calleePrefixes": {"mode": "deny", "prefixes": ["447"]}},
            }
        },
        routing=THREE,
    )

    assert (await bench.refusal("07000")).reason is EndReason.NUMBER_RESTRICTED
    await bench.plan("7000")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("to", "111"), ("requestUri", "222"), ("diversion", "222")],
)
async def test_the_callee_is_read_from_the_chosen_header(source: str, expected: str) -> None:
    """SIG-20: an absent header falls back to Request-URI."""
    bench = Bench(mapping={"acme": {"numbers": {"calleeSource": source}}}, routing=THREE)
    plan = await bench.plan(to_user="+111;phone-context=x", request_uri_user="222")

    assert plan.first.numbers.callee == expected


@pytest.mark.parametrize(
    ("source", "headers", "expected"),
    [
        pytest.param("from", {}, "15551234", id="From"),
        pytest.param("remotePartyId", {"remote_party_id_user": "7"}, "7", id="Remote-Party-ID"),
        pytest.param(
            "assertedIdentity",
            {"asserted_identity": '"A" <sip:+449@a.example;user=phone>'},
            "449",
            id="P-Asserted-Identity",
        ),
        pytest.param(
            "preferredIdentity", {"preferred_identity": "<tel:+449>"}, "449", id="a tel URI"
        ),
        pytest.param("assertedIdentity", {"asserted_identity": "<sip:"}, "15551234", id="broken"),
        pytest.param("display", {}, "15551234", id="absent"),
    ],
)
async def test_the_caller_is_read_from_the_chosen_header(
    source: str, headers: dict[str, str], expected: str
) -> None:
    """SIG-20; SIG-12, acceptance (c)."""
    bench = Bench(mapping={"acme": {"numbers": {"callerSource": source}}}, routing=THREE)

    assert (await bench.plan(**headers)).first.numbers.caller == expected


async def test_an_anonymous_caller_is_nobody() -> None:
    """SIG-20."""
    assert (await Bench(routing=THREE).plan(caller="Anonymous")).first.numbers.caller == ""


async def test_a_number_nobody_can_dial_is_refused() -> None:
    """RTE-01: longer than 32 digits."""
    assert (await Bench(routing=THREE).refusal("4" * 33)).sip_status == 484


async def test_calls_to_a_phone_go_to_the_phone_by_its_own_plans() -> None:
    bench = Bench(phones={"1001": {"numbers": {"incomingCallerDialPlan": "1:+1"}}}, routing=THREE)
    first = (await bench.plan("1001")).first

    assert first.endpoint == Endpoint(Kind.PHONE, "1001")
    assert first.numbers == ("+15551234", "1001")
    assert bench.seats.calls("Phone/1001") == 1


async def test_a_phone_that_wants_no_calls_is_busy() -> None:
    """SIG-22."""
    refusal = await Bench(phones={"1001": {"doNotDisturb": True}}).refusal("1001")

    assert (refusal.reason, refusal.sip_status) == (EndReason.USER_BUSY, 486)


@pytest.mark.parametrize("lock", ["in", "all"])
async def test_a_phone_locked_for_incoming_calls_takes_none(lock: str) -> None:
    """AUT-19."""
    assert (await Bench(phones={"1001": {"locked": lock}}).refusal("1001")).sip_status == 403


async def test_a_phone_locked_for_incoming_calls_may_still_call() -> None:
    """AUT-19: lockType 2."""
    bench = Bench(phones={"1001": {"locked": "in"}}, routing=THREE)
    plan = await bench.plan(endpoint=Endpoint(Kind.PHONE, "1001"), caller="whatever")

    assert plan.first.numbers.caller == "1001"


async def test_a_phone_with_a_line_taken_is_busy() -> None:
    bench = Bench(phones={"1001": {"lines": {"incoming": 1}}})
    await bench.plan("1001")

    assert (await bench.refusal("1001")).reason is EndReason.USER_BUSY


async def test_a_caller_that_is_a_phone_pays_by_its_own_account() -> None:
    """BIL-04."""
    bench = Bench(mapping={"acme": {"phonesPay": True}}, phones={"1001": {}}, routing=THREE)
    phone, other = bench.explain(caller="1001"), bench.explain(caller="1002")

    assert [each.decision.known.account for each in (phone, other)] == ["1001", "acme"]  # type: ignore[union-attr]


async def test_bil_04_a_bound_caller_pays_by_its_account_where_the_gateway_allows() -> None:
    bench = Bench(
        mapping={"open": {"phonesPay": True, "boundNumbersPay": True}, "closed": {}},
        phones={"1001": {}},
        bound_numbers={"15550100": {"account": "callback"}, "1001": {"account": "callback"}},
        routing=THREE,
    )

    def payer(caller: str, gateway: str = "open") -> tuple[str, Kind]:
        known = bench.explain(
            caller=caller, endpoint=Endpoint(Kind.MAPPING_GATEWAY, gateway)
        ).decision.known
        assert isinstance(known, Facts)
        return known.account, known.payer

    assert payer("15550100") == ("callback", Kind.BOUND_NUMBER)
    assert payer("1001") == ("1001", Kind.PHONE)
    assert payer("15550199") == ("open", Kind.MAPPING_GATEWAY)
    assert payer("15550100", "closed") == ("closed", Kind.MAPPING_GATEWAY)


async def test_a_called_phone_may_pay() -> None:
    """BIL-04."""
    bench = Bench(phones={"1001": {"calleePays": True}})
    explained = bench.explain("1001")

    assert explained.decision.known.account == "1001"  # type: ignore[union-attr]


async def test_a_share_of_the_calls_gets_a_prefix_for_routing_only() -> None:
    """RTE-27: 3:A, 1:B over 4000 calls."""
    shares = [{"proportion": 3, "prefix": "71"}, {"proportion": 1, "prefix": "72"}]
    bench = Bench(
        mapping={"acme": {"numbers": {"proportionalPrefixes": shares}}},
        routing={"a": {"prefixes": ["71"]}, "b": {"prefixes": ["72"]}},
    )
    plans = [await bench.plan("44") for _ in range(4000)]

    assert 2880 <= [plan.first.endpoint.name for plan in plans].count("a") <= 3120
    assert {plan.first.numbers.callee for plan in plans} == {"44"}


async def test_the_last_attempt_is_booked_once() -> None:
    bench = Bench(routing=THREE)
    await bench.plan(id="call")
    last = Attempt(1, Endpoint(Kind.ROUTING_GATEWAY, "a"), retry_after=timedelta(seconds=5))
    await bench.router.release("call", last, bench.now)
    bench.now += timedelta(seconds=5)
    await bench.router.release("call", last, bench.now)

    assert order(await bench.plan())[0] == "a"


@given(
    seed=st.integers(0, 10_000),
    acts=st.lists(st.tuples(st.sampled_from("pfr"), st.integers(0, 4)), max_size=40),
)
async def test_no_seat_is_left_when_every_call_is_over(
    seed: int, acts: list[tuple[str, int]]
) -> None:
    routing = {name: {"capacity": {"calls": 2}} for name in "abc"}
    bench = Bench(routing=routing, mapping={"acme": {"capacity": {"calls": 4}}}, seed=seed)
    attempts: dict[str, tuple[int, str]] = {}
    for act, number in acts:
        call_id = f"call-{number}"
        if act == "p":
            with suppress(UnknownCall):  # it was released before
                outcome = (await bench.route(id=call_id)).outcome
                if isinstance(outcome, Plan):
                    attempts.setdefault(call_id, (1, outcome.first.endpoint.name))
        elif act == "f" and call_id in attempts:
            attempt, gateway = attempts[call_id]
            following = await bench.fail(call_id, attempt, gateway)
            if isinstance(following, Offer):
                attempts[call_id] = (attempt + 1, following.endpoint.name)
        elif act == "r":
            await bench.router.release(call_id, None, bench.now)
            attempts.pop(call_id, None)
        assert max(seats(bench, name) for name in "abc") <= 2
    for call_id in attempts:
        await bench.router.release(call_id, None, bench.now)

    assert sum(seats(bench, name) for name in "abc") == 0
    assert bench.seats.calls(str(CUSTOMER)) == 0


async def test_a_callers_own_ratio_is_kept_when_it_asks_for_it() -> None:
    """RTE-13: mapping gateways, for display."""
    bench = Bench(mapping={"acme": {"quality": "on"}}, routing=THREE)
    await bench.plan(id="call")
    last = Attempt(1, Endpoint(Kind.ROUTING_GATEWAY, "a"), answered=True)
    await bench.router.release("call", last, bench.now)

    assert bench.quality.answer_ratio("MappingGateway/acme", bench.now) == 100
    assert bench.quality.answer_ratio("a", bench.now) is None


@pytest.mark.parametrize(
    ("attempt", "booked"),
    [
        pytest.param({"answered": True}, 1, id="answered"),
        pytest.param({"progressed": True}, 1, id="failed"),
        pytest.param({"abandoned": True}, 0, id="the caller gave up before anything rang"),
    ],
)
async def test_an_attempt_is_booked_unless_the_caller_gave_up_early(
    attempt: dict[str, Any], booked: int
) -> None:
    """RTE-13."""
    bench = Bench(routing={"a": {"quality": "on"}})
    await bench.plan(id="call")
    last = replace(Attempt(1, Endpoint(Kind.ROUTING_GATEWAY, "a")), **attempt)
    await bench.router.release("call", last, bench.now)

    assert bench.quality.ratios("a", bench.now).attempts == booked


async def test_another_replica_goes_on_where_the_first_one_was() -> None:
    plan = {"numbers": {"calleeDialPlan": "*:1;2;3;4;5;6;7;8"}}
    shared = MemorySeats()
    one = Bench(mapping={"acme": plan}, routing=THREE, seats=shared, seed=1)
    other = Bench(mapping={"acme": plan}, routing=THREE, seats=shared, seed=2)
    first = (await one.plan(id="call")).first
    second = await other.fail("call", 1, "a")
    third = await one.fail("call", 2, "b")
    fourth = await other.fail("call", 3, "c")

    assert isinstance(second, Offer)
    assert isinstance(third, Offer)
    assert [each.endpoint.name for each in (first, second, third)] == ["a", "b", "c"]
    assert len({each.numbers.callee for each in (first, second, third)}) == 1
    assert isinstance(fourth, Refusal)
