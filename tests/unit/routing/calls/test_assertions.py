"""RouteTest documents hold, or say what would come instead."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.routing import NOON, Bench, per_minute
from trunkline_routing.calls.assertions import failures
from trunkline_routing.documents.route_test import RouteTestSpec

CALL = {"mappingGateway": "acme", "caller": "1", "callee": "0207"}


def bench() -> Bench:
    return Bench(
        mapping={"acme": {"numbers": {"calleeDialPlan": "0:44"}}},
        routing={
            "a": {"priority": 1, "numbers": {"calleeDialPlan": "44:0044"}},
            "b": {"priority": 2},
            "c": {"priority": 2},
            "d": {"prefixes": ["1"]},
        },
        rates={"a": {"44": per_minute(".03")}},
    )


def found(expect: dict[str, Any], call: dict[str, Any] = CALL) -> dict[str, str]:
    spec = RouteTestSpec.model_validate({"call": call, "expect": expect})
    whole = bench()
    return dict(failures(spec, whole.view, whole.portability, NOON))


@pytest.mark.parametrize(
    "expect",
    [
        pytest.param({"first": "a"}, id="the first candidate"),
        pytest.param({"callee": "0044207"}, id="the callee as sent"),
        pytest.param({"billedCallee": "44207"}, id="the callee as billed"),
        pytest.param({"caller": "1", "account": "acme"}, id="caller and account"),
        pytest.param({"excluded": {"d": "PREFIX"}}, id="who is out and why"),
        pytest.param({"costAtMost": "0.03"}, id="what it costs at most"),
    ],
)
def test_what_is_so_holds(expect: dict[str, Any]) -> None:
    assert found(expect) == {}


@pytest.mark.parametrize(
    ("expect", "field", "message"),
    [
        pytest.param({"first": "b"}, "first", "expected b, it would be a", id="another first"),
        pytest.param({"callee": "44207"}, "callee", "it would be 0044207", id="another number"),
        pytest.param(
            {"excluded": {"a": "LOCKED"}}, "excluded.a", "a candidate: prefix", id="one is in"
        ),
        pytest.param(
            {"excluded": {"d": "LOCKED"}}, "excluded.d", "out for PREFIX", id="another reason"
        ),
        pytest.param({"refused": "RATE_NOT_FOUND"}, "refused", "goes to a", id="not refused"),
        pytest.param({"costAtMost": "0.02"}, "costAtMost", "would be 0.03", id="too dear"),
    ],
)
def test_what_is_not_so_is_told_with_what_would_come(
    expect: dict[str, Any], field: str, message: str
) -> None:
    failed = found(expect)

    assert list(failed) == [field]
    assert message in failed[field]


def test_an_order_that_chance_decides_does_not_hold() -> None:
    assert "candidates" in found({"candidates": ["a", "b", "c"]})


def test_a_refusal_may_be_what_is_expected() -> None:
    nowhere = {"mappingGateway": "acme", "callee": "999"}
    lonely = RouteTestSpec.model_validate(
        {"call": nowhere, "expect": {"refused": "ROUTE_NOT_FOUND"}}
    )
    empty = Bench(routing={"d": {"prefixes": ["1"]}})

    assert list(failures(lonely, empty.view, empty.portability, NOON)) == []


def test_a_call_that_is_refused_unexpectedly_says_why() -> None:
    unknown = {"mappingGateway": "stranger", "callee": "999"}

    assert "not configured" in found({"first": "a"}, unknown)["first"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"call": {"callee": "1"}, "expect": {"first": "a"}}, id="from nowhere"),
        pytest.param({"call": CALL, "expect": {}}, id="expecting nothing"),
        pytest.param({"call": CALL, "expect": {"excluded": {"a": "MOOD"}}}, id="no such reason"),
        pytest.param(
            {"call": {**CALL, "time": "2026-01-01T00:00:00"}, "expect": {"first": "a"}},
            id="a time without its zone",
        ),
    ],
)
def test_a_test_that_says_nothing_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RouteTestSpec.model_validate(spec)
