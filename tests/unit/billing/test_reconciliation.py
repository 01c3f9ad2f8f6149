"""BIL-14: our books against a vendor's statement."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.billing import NOW, seconds
from trunkline_billing.imports.dialect import BadFile
from trunkline_billing.reports.reconciliation import (
    Finding,
    StatedCall,
    Tolerance,
    reconcile,
)
from trunkline_billing.reports.statement import read_statement


def stated(minute: int, billed: int = 60, amount: str = "0.10", callee: str = "447") -> StatedCall:
    start = NOW + timedelta(minutes=minute)
    return StatedCall("1555", callee, start, seconds(billed), Decimal(amount), f"call-{minute}")


OURS = [stated(minute) for minute in range(100)]


def test_bil_14_equal_books_match() -> None:
    result = reconcile(OURS, OURS, Tolerance())

    assert (result.deviates, result.matched, result.disputes) == (False, 100, [])


def test_bil_14_a_call_we_lost_is_missing_on_our_side() -> None:
    result = reconcile(OURS[1:], OURS, Tolerance())

    assert result.deviates
    assert [(one.finding, one.theirs) for one in result.disputes] == [
        (Finding.MISSING_OURS, OURS[0])
    ]
    assert result.disputed == Decimal("0.10")


def test_bil_14_a_call_they_lost_is_missing_on_their_side() -> None:
    result = reconcile(OURS, OURS[1:], Tolerance())

    assert [(one.finding, one.ours) for one in result.disputes] == [
        (Finding.MISSING_THEIRS, OURS[0])
    ]
    assert result.disputed == Decimal("-0.10")


def test_bil_14_clocks_may_differ_by_five_seconds() -> None:
    early = [replace(one, start=one.start - seconds(5)) for one in OURS]
    earlier = [replace(one, start=one.start - seconds(6)) for one in OURS]

    assert reconcile(OURS, early, Tolerance()).matched == 100
    assert reconcile(OURS, earlier, Tolerance()).matched == 0


def test_bil_14_longer_and_dearer_calls_are_told_apart() -> None:
    longer = stated(0, billed=120, amount="0.20")
    dearer = stated(1, amount="0.15")

    result = reconcile(OURS[:2], [longer, dearer], Tolerance())

    assert [one.finding for one in result.disputes] == [Finding.DURATION, Finding.AMOUNT]
    assert result.disputed == Decimal("0.15")


def test_bil_14_a_deviation_within_half_a_percent_is_none() -> None:
    ours = [stated(minute) for minute in range(1000)]

    assert not reconcile(ours, ours[5:], Tolerance()).deviates
    assert reconcile(ours, ours[6:], Tolerance()).deviates


def test_two_calls_of_the_same_numbers_match_one_each() -> None:
    twice = [stated(0), stated(0)]

    assert len(reconcile(twice, twice[:1], Tolerance()).disputes) == 1


@given(st.lists(st.builds(stated, st.integers(0, 50))), st.lists(st.integers(0, 60)))
def test_the_disputes_explain_the_difference_of_the_totals(
    ours: list[StatedCall], minutes: list[int]
) -> None:
    theirs = [stated(minute) for minute in minutes]

    result = reconcile(ours, theirs, Tolerance())

    assert result.disputed == result.theirs.amount - result.ours.amount


def test_bil_14_a_statement_is_read_by_its_headings() -> None:
    text = (
        "From;To;Start Time;Duration;Cost\n"
        "1555;+447;2026-03-01 12:00:00;00:01:00;$0.10\n"
        ";;;;\n"
        "1555;447;1772366460;60;0.10\n"
    )

    calls = list(read_statement(text.encode()))

    assert [call.start for call in calls] == [NOW, NOW + timedelta(seconds=60)]
    assert calls[0].billed == seconds(60)
    assert reconcile([stated(0), stated(1)], calls, Tolerance()).matched == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("from,to\n", "line 1: no column for amount, billed, start"),
        ("from,to,date,seconds,cost\n1,2,yesterday,60,1\n", "line 2: start 'yesterday'"),
        ("from,to,date,seconds,cost\n1,2,1772366460,long,1\n", "line 2: duration 'long'"),
        ("from,to,date,seconds,cost\n1,2,1772366460,60,much\n", "line 2: amount 'much'"),
        ("from,to,date,seconds,cost\n1,2\n", "line 2: no start"),
    ],
    ids=["nothing", "columns", "start", "duration", "amount", "short line"],
)
def test_bil_14_a_bad_statement_is_refused_by_line(text: str, problem: str) -> None:
    with pytest.raises(BadFile, match=problem):
        list(read_statement(text.encode()))
