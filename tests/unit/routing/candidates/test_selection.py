"""Who is a candidate, and in which order (RTE-07, RTE-08, RTE-14 to RTE-19, SIG-26)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest
from support.routing import NOON, Bench, order, per_minute
from trunkline_routing.calls.decision import Plan
from trunkline_routing.calls.health import GatewayReport
from trunkline_routing.calls.refusals import EndReason
from trunkline_routing.candidates.reasons import Excluded
from trunkline_routing.parameters import Parameters, Place
from trunkline_routing.rates.price import Price

LEAST_COST = {"checkRate": True, "leastCost": True}
COST_LAST = Parameters(cost_place=Place.AFTER_PRIORITY)


async def test_the_longer_prefix_is_tried_first() -> None:
    bench = Bench(routing={"far": {"prefixes": ["86"]}, "near": {"prefixes": ["8613"]}})

    assert (await bench.plan("8613800")).first.endpoint.name == "near"


async def test_the_longest_of_a_gateways_own_prefixes_counts() -> None:
    bench = Bench(
        routing={
            "both": {"prefixes": ["8", "8613"], "prefixMode": "continual"},
            "one": {"prefixes": ["861"]},
        }
    )

    assert order(await bench.plan("8613800")) == ["both", "one"]


async def test_the_smaller_priority_is_tried_first() -> None:
    bench = Bench(routing={"b": {"priority": 2}, "a": {"priority": 1}})

    assert order(await bench.plan()) == ["a", "b"]


async def test_the_less_loaded_gateway_is_tried_first() -> None:
    bench = Bench(routing={"a": {"capacity": {"calls": 2}}, "b": {"capacity": {"calls": 10}}})
    first = (await bench.plan()).first.endpoint.name
    second = (await bench.plan()).first.endpoint.name
    third = (await bench.plan()).first.endpoint.name

    assert {first, second} == {"a", "b"}
    assert third == "b"


async def test_equals_share_the_calls_by_chance() -> None:
    bench = Bench(routing={"a": {}, "b": {}})
    firsts = [(await bench.plan()).first.endpoint.name for _ in range(200)]

    assert 60 < firsts.count("a") < 140


async def test_a_continual_gateway_is_followed_by_a_shorter_prefix() -> None:
    bench = Bench(
        routing={
            "near": {"prefixes": ["8613"], "prefixMode": "continual"},
            "far": {"prefixes": ["86"]},
        }
    )

    assert order(await bench.plan("8613800")) == ["near", "far"]


async def test_a_terminal_gateway_ends_the_search() -> None:
    bench = Bench(routing={"near": {"prefixes": ["8613"]}, "far": {"prefixes": ["86"]}})

    assert order(await bench.plan("8613800")) == ["near"]
    assert bench.verdict("far", "8613800").excluded is Excluded.LONGER_PREFIX


async def test_one_terminal_gateway_among_continual_ones_ends_the_search() -> None:
    bench = Bench(
        routing={
            "a": {"prefixes": ["8613"], "prefixMode": "continual", "priority": 1},
            "b": {"prefixes": ["8613"], "priority": 2},
            "far": {"prefixes": ["86"]},
        }
    )

    assert order(await bench.plan("8613800")) == ["a", "b"]


async def test_a_locked_gateway_does_not_end_the_search() -> None:
    bench = Bench(
        routing={"near": {"prefixes": ["8613"], "locked": True}, "far": {"prefixes": ["86"]}}
    )

    assert order(await bench.plan("8613800")) == ["far"]
    assert bench.verdict("near", "8613800").excluded is Excluded.LOCKED


async def test_a_full_terminal_gateway_still_ends_the_search() -> None:
    bench = Bench(
        routing={
            "near": {"prefixes": ["8613"], "capacity": {"calls": 0}},
            "far": {"prefixes": ["86"]},
        }
    )

    refusal = await bench.refusal("8613800")
    assert (refusal.reason, refusal.sip_status) == (EndReason.CAPACITY_EXCEEDED, 503)


async def test_an_empty_prefix_matches_every_number() -> None:
    bench = Bench(routing={"any": {"prefixes": [""]}})

    assert (await bench.plan("1")).first.prefix == ""


async def test_a_number_that_nobody_serves_has_no_route() -> None:
    bench = Bench(routing={"near": {"prefixes": ["8613"]}})

    refusal = await bench.refusal("442071234567")
    assert (refusal.reason, refusal.sip_status) == (EndReason.ROUTE_NOT_FOUND, 503)
    assert "442071234567" in refusal.explanation


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        pytest.param({"mode": "allow", "groups": ["gold"]}, ["a"], id="only these groups"),
        pytest.param({"mode": "deny", "groups": ["gold"]}, ["b"], id="all but these groups"),
    ],
)
async def test_a_caller_is_held_to_its_groups(
    restriction: dict[str, object], expected: list[str]
) -> None:
    bench = Bench(
        mapping={"acme": {"routingGroups": restriction}},
        routing={"a": {"groups": ["gold"]}, "b": {}},
        groups={"gold": {}},
    )

    assert order(await bench.plan()) == expected


async def test_a_call_never_returns_to_the_address_it_came_from() -> None:
    bench = Bench(routing={"a": {"address": "192.0.2.10:5060"}, "b": {}})

    assert order(await bench.plan(source="192.0.2.10")) == ["b"]


async def test_a_retry_after_keeps_a_gateway_out_until_it_is_over() -> None:
    """SIG-26."""
    bench = Bench(routing={"a": {}})
    await bench.plan(id="call")
    await bench.fail("call", 1, "a", retry_after=timedelta(seconds=20))
    await bench.router.release("call", None, bench.now)

    bench.now = NOON + timedelta(seconds=19)
    assert bench.verdict("a").excluded is Excluded.DISABLED
    bench.now = NOON + timedelta(seconds=20)
    assert order(await bench.plan()) == ["a"]


async def test_a_retry_after_is_cut_to_an_hour() -> None:
    bench = Bench(routing={"a": {}})
    await bench.plan(id="call")
    await bench.fail("call", 1, "a", retry_after=timedelta(seconds=999_999))

    bench.now = NOON + timedelta(hours=1)
    assert order(await bench.plan()) == ["a"]


async def test_a_gateway_nobody_reaches_is_skipped_until_somebody_does() -> None:
    """SIG-16."""
    bench = Bench(routing={"a": {"priority": 1}, "b": {"priority": 2}})
    bench.health.report("signaling-1", [GatewayReport("a", reachable=False)], bench.now)
    assert bench.verdict("a").excluded is Excluded.UNREACHABLE

    bench.health.report("signaling-2", [GatewayReport("a", reachable=True)], bench.now)
    assert order(await bench.plan()) == ["a", "b"]


async def test_where_we_register_nobody_goes_until_somebody_is_registered() -> None:
    """SIG-02."""
    credentials = {"username": "4711", "password": "swordfish"}
    bench = Bench(routing={"a": {"registration": "peer", "credentials": credentials}})
    assert bench.verdict("a").excluded is Excluded.UNREACHABLE

    bench.health.report("signaling-1", [GatewayReport("a", reachable=True)], bench.now)
    assert order(await bench.plan()) == ["a"]
    bench.health.report("signaling-1", [GatewayReport("a", reachable=False)], bench.now)
    assert bench.verdict("a").excluded is Excluded.UNREACHABLE
    bench.now += timedelta(seconds=30)
    assert bench.verdict("a").excluded is Excluded.UNREACHABLE


async def test_a_report_holds_for_half_a_minute() -> None:
    bench = Bench(routing={"a": {}})
    bench.health.report("signaling-1", [GatewayReport("a", reachable=False)], bench.now)
    bench.now += timedelta(seconds=30)

    assert order(await bench.plan()) == ["a"]


@pytest.mark.parametrize(
    ("configured", "limit"),
    [
        pytest.param(100, 1, id="less than configured"),
        pytest.param(0, 0, id="more than configured"),
        pytest.param(None, 1, id="no limit configured"),
    ],
)
async def test_a_published_limit_lowers_the_capacity(configured: int | None, limit: int) -> None:
    """SIG-14, RTE-20."""
    bench = Bench(routing={"a": {"capacity": {"calls": configured}}})
    bench.health.report(
        "signaling-1", [GatewayReport("a", published=1, publish_time=0.0)], bench.now
    )
    outcomes = [(await bench.route()).outcome for _ in range(2)]

    assert [isinstance(each, Plan) for each in outcomes].count(True) == limit


async def test_h323_is_stored_and_never_chosen() -> None:
    """SIG-28, MGT-16."""
    bench = Bench(routing={"old": {"protocol": "h323"}})

    assert (await bench.refusal()).sip_status == 503
    assert "protocol limit" in bench.verdict("old").text


def two_vendors(cost: Mapping[str, object], **more: object) -> dict[str, dict[str, object]]:
    return {"a": {"cost": cost, **more}, "b": {"cost": cost, **more}}


async def test_without_a_rate_a_checked_gateway_is_no_candidate() -> None:
    """RTE-15."""
    bench = Bench(
        routing={"a": {"cost": {"checkRate": True}}, "b": {"cost": {"checkRate": True}}},
        rates={"b": {"44": per_minute(".05")}},
    )

    assert order(await bench.plan()) == ["b"]
    assert bench.verdict("a").excluded is Excluded.RATE


async def test_when_every_gateway_lacks_a_rate_the_rate_is_what_is_not_found() -> None:
    """RTE-15."""
    refusal = await Bench(routing={"a": {"cost": {"checkRate": True}}}).refusal()

    assert (refusal.reason, refusal.sip_status) == (EndReason.RATE_NOT_FOUND, 503)


async def test_an_unchecked_gateway_is_tried_without_a_rate() -> None:
    assert order(await Bench(routing={"a": {}}).plan()) == ["a"]


async def test_the_cheapest_gateway_is_tried_first_where_the_key_stands() -> None:
    """RTE-16."""
    rates = {"a": {"44": per_minute(".05")}, "b": {"44": per_minute(".03")}}
    bench = Bench(routing=two_vendors(LEAST_COST), rates=rates, parameters=COST_LAST)

    assert order(await bench.plan()) == ["b", "a"]


async def test_priority_decides_before_a_cost_key_that_stands_after_it() -> None:
    """RTE-16."""
    rates = {"a": {"44": per_minute(".05")}, "b": {"44": per_minute(".03")}}
    routing = {"a": {"cost": LEAST_COST, "priority": 1}, "b": {"cost": LEAST_COST, "priority": 2}}

    after = Bench(routing=routing, rates=rates, parameters=COST_LAST)
    before = Bench(
        routing=routing, rates=rates, parameters=Parameters(cost_place=Place.BEFORE_PRIORITY)
    )
    assert order(await after.plan()) == ["a", "b"]
    assert order(await before.plan()) == ["b", "a"]


async def test_without_a_cost_key_the_load_decides() -> None:
    """RTE-16."""
    rates = {"a": {"44": per_minute(".05")}, "b": {"44": per_minute(".03")}}
    routing = two_vendors(LEAST_COST, capacity={"calls": 10})
    bench = Bench(routing=routing, rates=rates)
    first = (await bench.plan()).first.endpoint.name

    assert (await bench.plan()).first.endpoint.name != first


async def test_the_cost_key_before_the_prefix_beats_the_longer_prefix() -> None:
    rates = {"a": {"86": per_minute(".05")}, "b": {"86": per_minute(".03")}}
    routing = {
        "a": {"cost": LEAST_COST, "prefixes": ["8613"], "prefixMode": "continual"},
        "b": {"cost": LEAST_COST, "prefixes": ["86"]},
    }
    parameters = Parameters(cost_place=Place.BEFORE_PREFIX)

    assert order(await Bench(routing=routing, rates=rates, parameters=parameters).plan("8613")) == [
        "b",
        "a",
    ]


async def test_a_gateway_that_takes_no_part_in_cost_sorts_behind() -> None:
    """RTE-16: leastCost without checkRate is ignored."""
    rates = {"a": {"44": per_minute(".01")}, "b": {"44": per_minute(".03")}}
    routing = {"a": {"cost": {"leastCost": True}}, "b": {"cost": LEAST_COST}}
    bench = Bench(routing=routing, rates=rates, parameters=COST_LAST)

    assert order(await bench.plan()) == ["b", "a"]


@pytest.mark.parametrize(
    ("per_second", "expected"),
    [pytest.param(True, "b", id="by the second"), pytest.param(False, "a", id="by the minute")],
)
async def test_prices_are_compared_by_the_second_or_by_the_minute(
    per_second: bool, expected: str
) -> None:
    """RTE-17."""
    rates = {"a": {"44": Price(Decimal(".060"), 60)}, "b": {"44": Price(Decimal(".0069"), 7)}}
    routing = two_vendors({**LEAST_COST, "perSecond": per_second})
    bench = Bench(routing=routing, rates=rates, parameters=COST_LAST)

    assert (await bench.plan()).first.endpoint.name == expected


@pytest.mark.parametrize(
    ("limit", "excluded"),
    [
        pytest.param("0", True, id="no loss is allowed"),
        pytest.param("-0.001", False, id="a loss within the limit"),
        pytest.param("-0.0005", False, id="a loss equal to the limit"),
        pytest.param(None, False, id="no limit"),
    ],
)
async def test_a_loss_beyond_the_limit_excludes_a_gateway(
    limit: str | None, excluded: bool
) -> None:
    """RTE-18: caller .002, clearing .0025 a second."""
    bench = Bench(
        routing={"a": {"cost": {"checkRate": True, "minProfitPerSecond": limit}}},
        rates={"acme": {"44": per_minute(".12")}, "a": {"44": per_minute(".15")}},
    )

    assert (bench.verdict("a").excluded is Excluded.PROFIT) == excluded


@pytest.mark.parametrize(
    ("sold", "bought", "percent", "excluded"),
    [
        pytest.param(".10", ".09", "10", False, id="exactly the percentage"),
        pytest.param(".10", ".09", "10.1", True, id="below the percentage"),
        pytest.param("0", ".09", "-99", True, id="sold for nothing is minus a hundred percent"),
        pytest.param("0", "0", "0", False, id="nothing for nothing is zero percent"),
    ],
)
async def test_profit_is_limited_in_percent_of_the_callers_price(
    sold: str, bought: str, percent: str, excluded: bool
) -> None:
    """RTE-18."""
    bench = Bench(
        routing={"a": {"cost": {"checkRate": True, "minProfitPercent": percent}}},
        rates={"acme": {"44": per_minute(sold)}, "a": {"44": per_minute(bought)}},
    )

    assert (bench.verdict("a").excluded is Excluded.PROFIT) == excluded


async def test_the_stricter_of_both_sides_limits_wins() -> None:
    """RTE-18."""
    bench = Bench(
        mapping={"acme": {"profit": {"minProfitPercent": "20"}}},
        routing={"a": {"cost": {"checkRate": True, "minProfitPercent": "5"}}},
        rates={"acme": {"44": per_minute(".10")}, "a": {"44": per_minute(".09")}},
    )

    assert bench.verdict("a").excluded is Excluded.PROFIT


@pytest.mark.parametrize(
    ("mapping", "routing", "rate", "excluded"),
    [
        pytest.param(None, ".05", "5.00", True, id="above the gateway's cap"),
        pytest.param(None, ".05", ".05", False, id="equal to the cap"),
        pytest.param(".04", ".05", ".05", True, id="above the caller's cap"),
        pytest.param(None, None, "5.00", False, id="no cap"),
    ],
)
async def test_a_price_above_the_cap_excludes_a_gateway(
    mapping: str | None, routing: str | None, rate: str, excluded: bool
) -> None:
    """RTE-19."""
    bench = Bench(
        mapping={"acme": {"profit": {"maxCostPerMinute": mapping}}},
        routing={"a": {"cost": {"checkRate": True, "maxCostPerMinute": routing}}},
        rates={"a": {"44": per_minute(rate)}},
    )

    assert (bench.verdict("a").excluded is Excluded.COST) == excluded


async def test_cost_may_be_told_by_the_number_as_sent() -> None:
    """RTE-02, RTE-15: clearingAccountUseCalloutE164."""
    bench = Bench(
        routing={
            "a": {
                "cost": {"checkRate": True, "chargeSentNumber": True},
                "numbers": {"calleeDialPlan": "44:0044"},
            }
        },
        rates={"a": {"0044": per_minute(".05")}},
    )

    rate = (await bench.plan()).first.rate
    assert rate is not None
    assert rate.prefix_length == len("0044")


def answered(bench: Bench, gateway: str, answers: int, attempts: int) -> None:
    for number in range(attempts):
        bench.quality.book(
            gateway, answered=number < answers, talk=timedelta(minutes=1), now=bench.now
        )


@pytest.mark.parametrize(
    ("cost_first", "expected"),
    [pytest.param(False, "a", id="ratio first"), pytest.param(True, "b", id="cost first")],
)
async def test_cost_or_ratio_goes_first_where_both_stand(cost_first: bool, expected: str) -> None:
    """RTE-14."""
    bench = Bench(
        routing=two_vendors(LEAST_COST),
        rates={"a": {"44": per_minute(".02")}, "b": {"44": per_minute(".01")}},
        parameters=Parameters(
            ratio_place=Place.AFTER_PRIORITY,
            cost_place=Place.AFTER_PRIORITY,
            cost_before_ratio=cost_first,
        ),
    )
    answered(bench, "a", 60, 100)
    answered(bench, "b", 40, 100)

    assert (await bench.plan()).first.endpoint.name == expected


async def test_the_callers_own_policy_replaces_the_parameters_places() -> None:
    """RTE-07."""
    bench = Bench(
        mapping={"acme": {"routePolicy": {"first": "lowestRate"}}},
        routing=two_vendors(LEAST_COST),
        rates={"a": {"44": per_minute(".02")}, "b": {"44": per_minute(".01")}},
        parameters=Parameters(ratio_place=Place.BEFORE_PREFIX),
    )
    answered(bench, "a", 60, 100)
    answered(bench, "b", 40, 100)

    assert (await bench.plan()).first.endpoint.name == "b"


async def test_a_gateway_without_attempts_counts_as_always_answering() -> None:
    """RTE-13."""
    bench = Bench(
        routing={"a": {}, "b": {}}, parameters=Parameters(ratio_place=Place.AFTER_PRIORITY)
    )
    answered(bench, "a", 99, 100)

    assert (await bench.plan()).first.endpoint.name == "b"
