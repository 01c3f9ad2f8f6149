"""Rows of a table, packed: kept in their order, found by their keys."""

import json
import pickle
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError
from trunkline_kernel.documents import Row, Rows, Spec
from trunkline_kernel.documents.rows import MOST_SHOWN, find_last
from trunkline_kernel.documents.text import brief, dump, spell


class Ported(Row):
    number: Annotated[str, Field(min_length=1)]
    lrn: str = ""

    @property
    def keys(self) -> tuple[str]:
        return (self.number,)


class Table(Spec):
    rows: Annotated[Rows[Ported], Field(max_length=2000)]
    memo: str = ""


def packed(*rows: tuple[str, str]) -> Rows[Ported]:
    return Rows(Ported, (Ported(number=number, lrn=lrn) for number, lrn in rows))


ROWS = st.lists(st.tuples(st.text("0123456789*#é", min_size=1), st.text(max_size=5)), max_size=20)


@given(ROWS)
def test_rows_stay_what_they_are_in_their_order(rows: list[tuple[str, str]]) -> None:
    there = pickle.loads(pickle.dumps(packed(*rows)))  # noqa: S301 - made here

    assert [(row.number, row.lrn) for row in there] == rows
    assert there == packed(*rows)


@given(ROWS, st.text("0123456789*#é", min_size=1))
def test_a_key_finds_all_its_rows_with_their_places(
    rows: list[tuple[str, str]], number: str
) -> None:
    expected = [(place, lrn) for place, (each, lrn) in enumerate(rows) if each == number]

    assert [(place, row.lrn) for place, row in packed(*rows).find(number)] == expected


def test_keys_of_one_checksum_are_told_apart() -> None:
    one, other = "plumless", "buckeroo"  # CRC-32 can't tell them apart

    assert [row.lrn for _, row in packed((one, "1"), (other, "2")).find(other)] == ["2"]


def test_the_later_row_of_the_later_table_counts() -> None:
    first, second = packed(("1", "a"), ("1", "b"), ("2", "c")), packed(("1", "d"))

    assert (find_last([first, second], "1"), find_last([first, second], "3")) == (second[0], None)
    assert find_last([second, first], "1") == first[1]


def test_rows_that_share_a_key_are_found_among_others() -> None:
    first, second = packed(("1", "a"), ("2", "b"), ("1", "c")), packed(("3", "d"), ("2", "e"))

    assert [place for place, _ in first.alike()] == [0, 2]
    assert [place for place, _ in first.shared(second)] == [1]
    assert [place for place, _ in second.shared(first)] == [1]


def test_a_field_of_rows_reads_json_and_takes_rows_as_they_are() -> None:
    given = {"rows": [{"number": "1"}, {"lrn": "9", "number": "2"}]}

    spec = Table.model_validate(given)

    assert json.loads(spell(dump(spec))) == given
    assert Table(rows=spec.rows).rows is spec.rows


@pytest.mark.parametrize(
    ("rows", "where", "kind"),
    [
        pytest.param([{"number": "1"}, {"number": ""}], ("rows", 1, "number"), "string_too_short"),
        pytest.param([{"number": "1", "to": "2"}], ("rows", 0, "to"), "extra_forbidden"),
        pytest.param([{"number": "1"}] * 2001, ("rows",), "too_long"),
        pytest.param("1", ("rows",), "tuple_type"),
    ],
    ids=["a bad value", "an unknown field", "too many", "no list"],
)
def test_a_wrong_row_is_told_by_its_place(
    rows: object, where: tuple[object, ...], kind: str
) -> None:
    with pytest.raises(ValidationError) as raised:
        Table.model_validate({"rows": rows})

    (error,) = raised.value.errors()
    assert (error["loc"], error["type"]) == (where, kind)


def test_of_many_rows_a_difference_shows_how_many_they_are() -> None:
    few, many = packed(("1", "")), packed(*((str(place), "") for place in range(MOST_SHOWN + 1)))

    assert brief({"rows": few}) == {"rows": [{"number": "1", "lrn": ""}]}
    shown = brief({"rows": many, "memo": ""})
    assert (shown["rows"]["rows"], shown["memo"]) == (MOST_SHOWN + 1, "")
