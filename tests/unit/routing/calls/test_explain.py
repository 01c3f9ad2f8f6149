"""Explain says what Route would do and why, and does nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from support.routing import Bench, order, per_minute
from trunkline_routing.calls.decision import Plan
from trunkline_routing.calls.refusals import EndReason, Refusal
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.parameters import Parameters, Sequence

MANY: dict[str, dict[str, object]] = {
    "a": {"priority": 1, "prefixes": ["44"]},
    "b": {"priority": 2, "prefixes": ["44"], "locked": True},
    "c": {"prefixes": ["1"]},
    "d": {"prefixes": ["4"]},
    "e": {"priority": 3, "prefixes": ["44"], "capacity": {"calls": 0}},
}


def test_every_gateway_is_in_or_out_with_a_reason() -> None:
    verdicts = Bench(routing=MANY).explain().verdicts

    assert [(each.gateway.name, each.position, each.excluded) for each in verdicts] == [
        ("a", 1, None),
        ("e", 0, Excluded.CAPACITY),
        ("b", 0, Excluded.LOCKED),
        ("c", 0, Excluded.PREFIX),
        ("d", 0, Excluded.LONGER_PREFIX),
    ]
    assert all(each.text for each in verdicts)


def test_every_number_stage_is_told_with_its_rule() -> None:
    bench = Bench(
        mapping={"acme": {"numbers": {"calleeDialPlan": "0:44"}}},
        routing={"a": {"numbers": {"calleeDialPlan": "44:0044"}}},
    )
    explained = bench.explain("02071234567")
    [verdict] = explained.verdicts
    known = explained.decision.known

    assert verdict.offer is not None
    assert [step.rule for step in known.steps] == ["0:44"]  # type: ignore[union-attr]
    assert [(step.before, step.after, step.rule) for step in verdict.offer.steps] == [
        ("442071234567", "00442071234567", "44:0044")
    ]


def test_rte07_a_vendor_at_the_callers_own_address_is_out() -> None:
    bench = Bench(routing={"a": {"address": "198.51.100.7:5060"}, "b": {}})
    [first, second] = bench.explain(source="198.51.100.7").verdicts

    assert (first.gateway.name, second.gateway.name) == ("b", "a")
    assert "198.51.100.7" in second.text


def test_price_cost_and_margin_are_told_when_known() -> None:
    bench = Bench(
        routing={"a": {}, "b": {"locked": True}, "c": {}},
        rates={
            "acme": {"44": per_minute(".05")},
            "a": {"44": per_minute(".03")},
            "b": {"44": per_minute(".06")},
        },
    )
    margins = {each.gateway.name: each.margin for each in bench.explain().verdicts}

    assert margins == {"a": Decimal("0.02"), "b": Decimal("-0.01"), "c": None}


async def test_explaining_takes_no_seat_and_moves_no_pool_on() -> None:
    bench = Bench(
        routing={"a": {"numbers": {"callerPool": ["111", "222"]}, "capacity": {"calls": 1}}},
        parameters=Parameters(pool_sequence=Sequence.POLL),
    )
    bench.explain()
    bench.explain()

    assert bench.seats.calls("RoutingGateway/a") == 0
    assert (await bench.plan()).first.numbers.caller == "111"


def test_a_call_may_be_explained_for_any_time_of_day() -> None:
    night = {"mode": "deny", "prefixes": ["1900"], "begin": "20:00", "end": "08:00"}
    bench = Bench(routing={"a": {"periods": {"restrictions": [night]}}})
    assert bench.verdict("a", "1900123").position == 1

    bench.now += timedelta(hours=9)
    assert bench.verdict("a", "1900123").excluded is Excluded.PERIOD


async def test_a_full_customer_is_told_with_the_gateways_it_would_have_reached() -> None:
    bench = Bench(mapping={"acme": {"capacity": {"calls": 1}}}, routing={"a": {}})
    await bench.plan()
    explained = bench.explain()

    assert isinstance(explained.decision.outcome, Refusal)
    assert explained.decision.outcome.reason is EndReason.CAPACITY_EXCEEDED
    assert explained.verdicts[0].position == 1


@given(seed=st.integers(0, 2**32))
async def test_the_same_seed_explains_what_route_would_answer(seed: int) -> None:
    routing = {
        name: {"numbers": {"calleeDialPlan": "*:1;2;3", "callerPool": ["5-9"]}} for name in "abcd"
    }
    explaining = Bench(routing=routing)
    explained = explaining.explain(seed=seed).decision.outcome
    again = explaining.explain(seed=seed).decision.outcome
    routed = (await Bench(routing=routing, seed=seed, one_seed=True).route()).outcome

    assert isinstance(explained, Plan)
    assert isinstance(again, Plan)
    assert isinstance(routed, Plan)
    assert order(explained) == order(again) == order(routed)
    assert explained.first.numbers == again.first.numbers
