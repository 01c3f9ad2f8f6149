"""The pipeline of RTE-02: order of the stages, and what each remembers."""

from __future__ import annotations

import random

import pytest
from trunkline_routing.documents.tables import NumberTransformSpec, TransformRows
from trunkline_routing.numbers.dialplan import DialPlan
from trunkline_routing.numbers.digits import Number, parse_number
from trunkline_routing.numbers.errors import BadNumber, NumberTooLong
from trunkline_routing.numbers.pipeline import (
    Numbers,
    Rules,
    Stage,
    Step,
    Tables,
    changes,
    map_numbers,
    rewrite_identity,
    route_numbers,
)
from trunkline_routing.numbers.transform import Party, TransformTable

RNG = random.Random(1)
ROWS = NumberTransformSpec.model_validate(
    {
        "rows": [
            {"mappingGatewayCaller": "2015551234", "number": "12015551234"},
            {"number": "442071234567", "routingGatewayCallee": "008"},
        ]
    }
).rows
TABLES = Tables(TransformTable([TransformRows("own", ROWS)]))


class Mobiles:
    """Knows one mobile prefix."""

    def mobile_area(self, number: str) -> str | None:
        return "010" if number.startswith("1380013") else None


def numbers(caller: str, callee: str) -> Numbers:
    return Numbers(parse_number(caller), parse_number(callee))


def test_the_mapping_plan_runs_before_the_mapping_transform() -> None:
    rules = Rules(caller_plan=DialPlan.parse("0:201"), caller_transform=True)

    staged = map_numbers(numbers("05551234", "44"), rules, TABLES, RNG)

    assert staged.numbers == ("12015551234", "44")
    assert staged.steps == (
        Step(Stage.MAPPING_DIAL_PLAN, Party.CALLER, "05551234", "2015551234", "0:201"),
        Step(
            Stage.MAPPING_TRANSFORM,
            Party.CALLER,
            "2015551234",
            "12015551234",
            "2015551234 -> 12015551234",
        ),
    )


def test_without_the_transform_the_table_is_not_consulted() -> None:
    staged = map_numbers(numbers("2015551234", "44"), Rules(), TABLES, RNG)

    assert staged.numbers.caller == "2015551234"
    assert staged.steps == ()


def test_each_attempt_starts_from_the_mapped_numbers() -> None:
    mapped = map_numbers(
        numbers("1", "02071234567"), Rules(callee_plan=DialPlan.parse("0:0044")), TABLES, RNG
    ).numbers
    first = Rules(callee_plan=DialPlan.parse("0044:"))
    second = Rules(callee_plan=DialPlan.parse("*:00"))

    assert route_numbers(mapped, first, TABLES, RNG).numbers.callee == "2071234567"
    assert route_numbers(mapped, second, TABLES, RNG).numbers.callee == "0000442071234567"


def test_the_routing_transform_sees_what_the_routing_plan_wrote() -> None:
    rules = Rules(callee_plan=DialPlan.parse("00:"), callee_transform=True)

    staged = route_numbers(numbers("1", "00442071234567"), rules, TABLES, RNG)

    assert staged.numbers.callee == "008"


def test_a_stage_without_a_fitting_rule_is_remembered_as_such() -> None:
    staged = map_numbers(numbers("7", "8"), Rules(callee_plan=DialPlan.parse("0:1")), TABLES, RNG)

    assert staged.steps == (Step(Stage.MAPPING_DIAL_PLAN, Party.CALLEE, "8", "8", ""),)
    assert changes(staged.steps) == ()


def test_a_listed_mobile_area_is_put_in_front_before_the_plan() -> None:
    rules = Rules(callee_plan=DialPlan.parse("0:00"), mobile_areas=frozenset({"010"}))

    staged = map_numbers(numbers("7", "13800138000"), rules, Tables(areas=Mobiles()), RNG)

    assert staged.numbers.callee == "001013800138000"
    assert [step.stage for step in staged.steps] == [
        Stage.MAPPING_MOBILE_AREA,
        Stage.MAPPING_DIAL_PLAN,
    ]


def test_the_identity_and_the_caller_are_rewritten_apart() -> None:
    """SIG-12, acceptance (a)."""
    mapped = numbers("5551234", "44")
    rules = Rules(caller_plan=DialPlan.parse("555:1555"))

    assert route_numbers(mapped, rules, TABLES, RNG).numbers.caller == "15551234"
    assert rewrite_identity(mapped.caller, DialPlan.parse("555:44555"), RNG) == "445551234"


def test_a_number_nobody_can_dial_is_refused() -> None:
    rules = Rules(callee_plan=DialPlan.parse(f"0:{'1' * 32}"))

    with pytest.raises(NumberTooLong, match="at most 32"):
        map_numbers(numbers("1", "01"), rules, TABLES, RNG)


@pytest.mark.parametrize("text", ["44a", "++44", "4 4", "44\n", "٤٤"])
def test_a_number_holds_digits_stars_and_hashes(text: str) -> None:
    with pytest.raises(BadNumber, match="is not a number"):
        parse_number(text)


@pytest.mark.parametrize("text", ["", "*31#79", "+44", "4" * 32])
def test_a_number_may_be_empty_or_32_long(text: str) -> None:
    assert parse_number(text) == Number(text)
