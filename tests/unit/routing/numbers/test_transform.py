"""The number transform table (RTE-01)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_routing.documents.tables import NumberTransformSpec, TransformRows
from trunkline_routing.numbers.errors import PlanError
from trunkline_routing.numbers.transform import (
    Party,
    Point,
    TransformTable,
    duplicates,
    parse_row,
)


def table(*rows: tuple[str, str], point: Point = Point.MAPPING) -> TransformTable:
    given = [
        {"original": original, "target": target, "party": Party.CALLER, "point": point}
        for original, target in rows
    ]
    return TransformTable([TransformRows("own", NumberTransformSpec(rows=given).rows)])


def apply(rows: TransformTable, number: str, point: Point = Point.MAPPING) -> str:
    transformed = rows.apply(number, Party.CALLER, point)
    return number if transformed is None else transformed.number


@pytest.mark.parametrize(
    ("rows", "number", "expected"),
    [
        pytest.param([("2015551234", "12015551234")], "2015551234", "12015551234", id="a number"),
        pytest.param([("201*", "9"), ("2015", "8")], "2015", "8", id="equality beats a pattern"),
        pytest.param([("2*", "9"), ("20?5", "8")], "2015", "8", id="more literal digits win"),
        pytest.param([("2*", "9"), ("?0*", "8")], "2015", "9", id="equal: the lower id wins"),
        pytest.param([("1", "2")], "3", "3", id="no row leaves the number alone"),
        pytest.param([("1", "2"), ("2", "3")], "1", "2", id="a result is not transformed again"),
        pytest.param([("20", "9")], "2015", "2015", id="a number is matched as a whole"),
        pytest.param([("0*", "44*")], "0123", "44123", id="a trailing star is what matched"),
        pytest.param([("0??*", "9$$*")], "01234", "91234", id="digits kept by position"),
        pytest.param([("+1*", "001*")], "+123", "00123", id="a plus needs no backslash"),
        pytest.param([(r"\*21", r"\*22")], "*21", "*22", id="an escaped star stands for itself"),
    ],
)
def test_a_row_replaces_a_number(rows: list[tuple[str, str]], number: str, expected: str) -> None:
    assert apply(table(*rows), number) == expected


@pytest.mark.parametrize(
    ("original", "target", "complaint"),
    [
        pytest.param("", "1", "original is empty", id="no original"),
        pytest.param("1", "", "target of '1' is empty", id="no target"),
        pytest.param("1a", "2", "can't stand in an original", id="a letter on the left"),
        pytest.param("1", "2a", "a target holds", id="a letter on the right"),
        pytest.param("1", "2;3", "a target holds", id="a choice"),
        pytest.param("1", "2*", "needs exactly one", id="a star that means nothing"),
        pytest.param("*1*", "2*", "needs exactly one", id="a star that means two things"),
        pytest.param("1*", "*2", "a target holds", id="a star in the middle"),
    ],
)
def test_a_bad_row_is_refused(original: str, target: str, complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        parse_row("1", original, target, Party.CALLER, Point.MAPPING)


def test_a_row_is_consulted_only_for_its_party_and_point() -> None:
    rows = table(("1", "2"), point=Point.ROUTING)

    assert apply(rows, "1", Point.ROUTING) == "2"
    assert apply(rows, "1", Point.MAPPING) == "1"
    assert rows.apply("1", Party.CALLEE, Point.ROUTING) is None


def test_a_row_for_any_point_is_consulted_at_both() -> None:
    rows = table(("1", "2"), point=Point.ANY)

    assert apply(rows, "1", Point.ROUTING) == apply(rows, "1", Point.MAPPING) == "2"


def test_the_same_original_twice_is_told_with_both_rows() -> None:
    rows = [
        parse_row(id, "1", "2", Party.CALLER, point)
        for id, point in [("a", Point.MAPPING), ("b", Point.ROUTING), ("c", Point.MAPPING)]
    ]

    assert [(first.id, row.id) for first, row in duplicates(rows)] == [("a", "c")]


@given(st.text("0123456789*#+?$\\a", max_size=12), st.text("0123456789*#+?$\\a", max_size=12))
def test_any_two_texts_are_a_row_or_a_plan_error(original: str, target: str) -> None:
    try:
        parse_row("1", original, target, Party.CALLER, Point.ANY)
    except PlanError:
        return
    rows = table((original, target), point=Point.ANY)
    assert rows.apply("12345", Party.CALLEE, Point.MAPPING) is None
