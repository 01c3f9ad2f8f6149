"""Permission levels of calls (AUT-19)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from support.routing import Bench
from trunkline_routing.calls.decision import Plan
from trunkline_routing.calls.refusals import EndReason
from trunkline_routing.model.callers import Endpoint, Kind
from trunkline_routing.rates.price import Price


@pytest.mark.parametrize(
    ("permitted", "demanded", "passes"),
    [
        pytest.param("domestic", 5, False, id="international is too far"),
        pytest.param("domestic", 4, True, id="as far as permitted"),
        pytest.param("network", 2, False, id="local is too far"),
        pytest.param("international", 5, True, id="everything is permitted"),
    ],
)
async def test_a_call_goes_as_far_as_its_level_permits(
    permitted: str, demanded: int, passes: bool
) -> None:
    bench = Bench(
        mapping={"acme": {"callLevel": permitted}},
        routing={"a": {}},
        rates={"acme": {"44": Price(Decimal("0.1"), 60, level=demanded)}},
    )

    assert isinstance((await bench.route("44207")).outcome, Plan) == passes


async def test_a_call_beyond_its_level_is_a_restricted_number() -> None:
    bench = Bench(
        phones={"1001": {"callLevel": "local"}},
        routing={"a": {}},
        rates={"1001": {"44": Price(Decimal("0.1"), 60, level=4)}},
    )
    refusal = await bench.refusal("44207", endpoint=Endpoint(Kind.PHONE, "1001"))

    assert (refusal.reason, refusal.sip_status) == (EndReason.NUMBER_RESTRICTED, 403)


async def test_calls_between_phones_need_the_lowest_level_only() -> None:
    bench = Bench(
        phones={"1001": {"callLevel": "network"}, "1002": {}},
        rates={"1001": {"1": Price(Decimal("0.1"), 60, level=5)}},
    )
    plan = await bench.plan("1002", endpoint=Endpoint(Kind.PHONE, "1001"))

    assert plan.first.endpoint.name == "1002"


async def test_without_a_rate_the_level_is_billings_to_tell() -> None:
    bench = Bench(mapping={"acme": {"callLevel": "network"}}, routing={"a": {}})

    assert (await bench.plan()).first.endpoint.name == "a"
