"""Number portability (RTE-23, RTE-24)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.routing import Bench, per_minute
from trunkline_routing.calls.facts import Facts
from trunkline_routing.calls.refusals import EndReason
from trunkline_routing.documents.lrn_table import LrnTableSpec
from trunkline_routing.parameters import LrnMode, Parameters

EXTERNAL = Parameters(lrn_server="lrn.example:80")
INTERNAL = Parameters(lrn_mode=LrnMode.INTERNAL)
STATES = {
    "us": {
        "areas": [
            {"prefix": "1201", "code": "NJ"},
            {"prefix": "1212", "code": "NY"},
            {"prefix": "1973", "code": "NJ"},
        ]
    }
}
CALLEE, CALLER = "12125551234", "12015550000"


def bench(parameters: Parameters = EXTERNAL, **lrn: Any) -> Bench:
    return Bench(
        mapping={"acme": {"lrn": {"enabled": True, "eatPrefixLength": 1, **lrn}}},
        routing={"nj": {"prefixes": ["1973"]}, "ny": {"prefixes": ["1212"]}},
        areas=STATES,
        lrn={
            "own": {
                "rows": [
                    {"number": "2125551234", "lrn": "9730000000"},
                    {"number": "2125559999", "lrn": "9731111111", "state": "PR"},
                ]
            }
        },
        parameters=parameters,
    )


async def facts(routing: Bench, callee: str = CALLEE, caller: str = CALLER) -> Facts:
    known = (await routing.route(callee, caller)).known
    assert isinstance(known, Facts)
    return known


async def test_a_ported_number_is_routed_by_its_lrn_and_sent_as_dialled() -> None:
    """RTE-23, acceptance."""
    routing = bench()
    routing.lrn_server.ported = {"2125551234": "9730000000"}
    plan = await routing.plan(CALLEE, CALLER)

    assert plan.first.endpoint.name == "nj"
    assert plan.first.numbers.callee == CALLEE
    assert plan.first.request_uri_user == CALLEE


async def test_a_number_that_was_not_ported_is_routed_as_it_is() -> None:
    routing = bench()

    assert (await routing.plan(CALLEE, CALLER)).first.endpoint.name == "ny"
    assert (await facts(routing)).billed == CALLEE


async def test_a_gateway_may_ask_for_the_routing_number_in_the_request_uri() -> None:
    routing = Bench(
        mapping={"acme": {"lrn": {"enabled": True, "eatPrefixLength": 1}}},
        routing={"nj": {"numbers": {"portability": True}}},
        parameters=EXTERNAL,
    )
    routing.lrn_server.ported = {"2125551234": "9730000000"}
    first = (await routing.plan(CALLEE, CALLER)).first

    assert first.request_uri_user == f"{CALLEE};rn=9730000000;npdi"


async def test_a_silent_server_lets_the_call_go_on_when_told_to() -> None:
    """RTE-23, acceptance."""
    waiting = Parameters(lrn_server="lrn.example", lrn_timeout=timedelta(milliseconds=1))
    routing = bench(waiting, rejectOnFailure=False)
    routing.lrn_server.silent = True
    plan = await routing.plan(CALLEE, CALLER)

    assert plan.first.endpoint.name == "ny"


@pytest.mark.parametrize(
    ("parameters", "broken", "callee", "explanation"),
    [
        pytest.param(EXTERNAL, "refused", CALLEE, "refused", id="the server is down"),
        pytest.param(Parameters(), "", CALLEE, "no LRN server", id="no server is configured"),
        pytest.param(EXTERNAL, "", "121255512", "no ten digits", id="a number of another length"),
    ],
)
async def test_a_failed_query_is_refused_when_told_to(
    parameters: Parameters, broken: str, callee: str, explanation: str
) -> None:
    routing = bench(parameters)
    routing.lrn_server.broken = broken
    refusal = await routing.refusal(callee, CALLER)

    assert (refusal.reason, refusal.sip_status) == (EndReason.ROUTE_NOT_FOUND, 503)
    assert refusal.explanation.startswith("LRN failure")
    assert explanation in refusal.explanation


async def test_a_call_goes_on_as_dialled_when_the_query_failed() -> None:
    routing = bench(rejectOnFailure=False)
    routing.lrn_server.broken = "down"

    assert (await facts(routing)).billed == CALLEE


async def test_an_answer_that_is_no_routing_number_is_a_failure() -> None:
    routing = bench()
    routing.lrn_server.ported = {"2125551234": "97"}

    assert "'97'" in (await routing.refusal(CALLEE, CALLER)).explanation


async def test_an_answer_is_remembered_for_a_day() -> None:
    routing = bench()
    await routing.plan(CALLEE, CALLER)
    routing.now += timedelta(hours=23, minutes=59)
    await routing.plan(CALLEE, CALLER)
    assert routing.lrn_server.asked.count("2125551234") == 1

    routing.now += timedelta(minutes=1)
    await routing.plan(CALLEE, CALLER)
    assert routing.lrn_server.asked.count("2125551234") == 2


async def test_a_failure_is_not_remembered() -> None:
    routing = bench()
    routing.lrn_server.broken = "down"
    await routing.refusal(CALLEE, CALLER)
    routing.lrn_server.broken = ""

    assert (await routing.plan(CALLEE, CALLER)).first.endpoint.name == "ny"


async def test_calls_that_ask_at_once_cause_one_query() -> None:
    routing = bench()
    await asyncio.gather(*(routing.plan(CALLEE, CALLER) for _ in range(5)))

    assert sorted(routing.lrn_server.asked) == ["2015550000", "2125551234"]


@pytest.mark.parametrize(
    ("caller", "billed"),
    [
        pytest.param("12015550000", "19730000000", id="the same state"),
        pytest.param("12125550000", "8809730000000", id="another state"),
        pytest.param("13125550000", "8819730000000", id="a state nobody knows"),
        pytest.param("anonymous", "8819730000000", id="no caller at all"),
    ],
)
async def test_what_is_billed_tells_the_jurisdiction(caller: str, billed: str) -> None:
    routing = bench(interstatePrefix="880", undeterminedPrefix="881")
    routing.lrn_server.ported = {"2125551234": "9730000000"}

    assert (await facts(routing, caller=caller)).billed == billed


async def test_a_callers_own_routing_number_tells_its_state() -> None:
    routing = bench(interstatePrefix="880")
    routing.lrn_server.ported = {"2125551234": "9730000000", "2125550000": "2010000000"}

    assert (await facts(routing, caller="12125550000")).billed == "19730000000"


async def test_prices_go_by_the_routing_number() -> None:
    routing = bench(interstatePrefix="880")
    routing.lrn_server.ported = {"2125551234": "9730000000"}
    routing.view.rates = Bench(
        rates={"acme": {"880973": per_minute(".05")}, "nj": {"1973": per_minute(".03")}}
    ).view.rates
    known = await facts(routing, caller="12125550000")
    plan = await routing.plan(CALLEE, "12125550000")

    assert known.price is not None
    assert plan.first.rate is not None
    assert str(plan.first.rate.price.fee) == "0.03"


async def test_the_internal_table_answers_without_asking_a_server() -> None:
    """RTE-24, acceptance."""
    routing = bench(INTERNAL)

    assert (await routing.plan(CALLEE, CALLER)).first.endpoint.name == "nj"
    assert (await routing.plan("12125550001", CALLER)).first.endpoint.name == "ny"
    assert routing.lrn_server.asked == []


async def test_a_state_in_the_table_beats_the_area_tables() -> None:
    routing = bench(INTERNAL, interstatePrefix="880")

    assert (await facts(routing, "12125559999")).billed == "8809731111111"


async def test_explaining_asks_nobody() -> None:
    routing = bench(rejectOnFailure=False)
    steps = routing.explain(CALLEE, CALLER).decision.known.steps  # type: ignore[union-attr]

    assert "has not been asked" in steps[-1].rule
    assert routing.lrn_server.asked == []


async def test_calls_from_those_who_do_not_ask_cost_no_query() -> None:
    routing = Bench(routing={"a": {}}, parameters=EXTERNAL)
    await routing.plan(CALLEE, CALLER)

    assert routing.lrn_server.asked == []


def test_a_number_of_nine_digits_is_refused() -> None:
    """RTE-24."""
    with pytest.raises(ValidationError, match="pattern"):
        LrnTableSpec.model_validate({"rows": [{"number": "212555123", "lrn": "9730000000"}]})
