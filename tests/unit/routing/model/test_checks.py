"""Number checks beyond digits: areas, classes, pairs, phones (RTE-25, MGT-15)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.routing import Bench
from trunkline_routing.calls.refusals import Refusal
from trunkline_routing.documents.areas import MobileTableSpec

AREAS = {"cn": {"areas": [{"prefix": "010", "code": "010"}, {"prefix": "021", "code": "021"}]}}
MOBILES = {
    "cn": {
        "mobiles": [
            {"prefix": "1380013", "areaCode": "021"},
            {"prefix": "1380013", "areaCode": "010"},
        ]
    }
}


async def outcome(checks: dict[str, Any], callee: str, caller: str, **more: Any) -> int:
    bench = Bench(
        mapping={"acme": {"checks": checks}},
        routing={"a": {}},
        areas=AREAS,
        mobiles=MOBILES,
        **more,
    )
    decided = (await bench.route(callee, caller)).outcome
    return decided.sip_status if isinstance(decided, Refusal) else 200


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        pytest.param("01012345678", 200, id="a city's number"),
        pytest.param("13800138000", 403, id="a mobile's number"),
        pytest.param("442071234567", 403, id="another number"),
    ],
)
async def test_callers_of_some_classes_only_may_pass(caller: str, status: int) -> None:
    assert await outcome({"callerClasses": ["city"]}, "1", caller) == status


@pytest.mark.parametrize(
    ("caller", "callee", "status"),
    [
        pytest.param("01011111111", "01022222222", 403, id="both in the same city"),
        pytest.param("01011111111", "13800138000", 403, id="a mobile of that city"),
        pytest.param("01011111111", "02122222222", 200, id="in two cities"),
        pytest.param("02111111111", "02122222222", 200, id="a city that is not listed"),
    ],
)
async def test_calls_inside_a_listed_city_are_denied(caller: str, callee: str, status: int) -> None:
    assert await outcome({"denySameCityCodes": ["010"]}, callee, caller) == status


@pytest.mark.parametrize(
    ("mode", "caller", "callee", "status"),
    [
        pytest.param("deny", "861", "44", 403, id="a denied pair"),
        pytest.param("deny", "861", "1", 200, id="no such pair"),
        pytest.param("allow", "861", "44", 200, id="an allowed pair"),
        pytest.param("allow", "861", "1", 403, id="no allowed pair"),
    ],
)
async def test_pairs_of_prefixes_may_pass_or_may_not(
    mode: str, caller: str, callee: str, status: int
) -> None:
    pairs = {"mode": mode, "pairs": ["86:44"]}

    assert await outcome({"pairs": pairs}, callee, caller) == status


@pytest.mark.parametrize(
    ("kind", "callee", "status"),
    [
        ("phone", "1001", 200),
        ("phone", "44", 403),
        ("noPhone", "1001", 403),
        ("noPhone", "44", 200),
    ],
)
async def test_the_callee_must_be_a_phone_or_must_not(kind: str, callee: str, status: int) -> None:
    assert await outcome({"callee": kind}, callee, "1", phones={"1001": {}}) == status


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        pytest.param({"callerLengths": [3]}, 403, id="a caller of the wrong length"),
        pytest.param({"callerLengths": [2, 4]}, 200, id="a caller of an allowed length"),
        pytest.param({"callerPrefixes": {"prefixes": ["12"]}}, 200, id="an allowed prefix"),
        pytest.param({"callerPrefixes": {"prefixes": ["13"]}}, 403, id="no allowed prefix"),
        pytest.param(
            {"callerPrefixes": {"mode": "deny", "prefixes": ["12"]}}, 403, id="a denied prefix"
        ),
        pytest.param({"callerPrefixes": {"mode": "allow"}}, 200, id="an empty list is off"),
    ],
)
async def test_callers_are_checked_by_length_and_prefix(
    checks: dict[str, Any], status: int
) -> None:
    assert await outcome(checks, "44", "1234") == status


async def test_a_later_mobile_prefix_replaces_an_earlier_one_and_its_area_is_put_in_front() -> None:
    """MGT-15, RTE-02."""
    bench = Bench(
        mapping={"acme": {"numbers": {"mobileAreas": ["010"]}}}, routing={"a": {}}, mobiles=MOBILES
    )

    assert (await bench.plan("13800138000")).first.numbers.callee == "01013800138000"


def test_a_mobile_prefix_has_seven_digits() -> None:
    """MGT-15."""
    with pytest.raises(ValidationError, match="pattern"):
        MobileTableSpec.model_validate({"mobiles": [{"prefix": "138001", "areaCode": "010"}]})
