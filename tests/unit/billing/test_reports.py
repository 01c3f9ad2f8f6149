"""BIL-16 and MGT-11: sums over CDRs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.billing import NOW, USD, call, seconds
from trunkline_billing.cdrs.cdr import Cdr, Share
from trunkline_billing.reports.report import Dimension, Report, duration_class


def cdr(held: int, fee: str = "0.10", days: int = 0, payer: str = "acme") -> Cdr:
    finished = call(talk=held or None, payer=payer, end_time=NOW + timedelta(days=days))
    share = Share(payer, USD, Decimal(fee), seconds(60), seconds(0), "retail", "44", 5)
    return Cdr(finished, seconds(held), NOW, share if held else None)


def sums(cdrs: list[Cdr], *dimensions: Dimension) -> Report:
    report = Report(dimensions)
    for one in cdrs:
        report.add(one)
    return report


@pytest.mark.parametrize(
    ("held", "name"),
    [(0, "0"), (1, "1-10"), (10, "1-10"), (11, "11-30"), (60, "31-60"), (601, ">600")],
)
def test_mgt_11_duration_classes(held: int, name: str) -> None:
    assert duration_class(seconds(held)) == name


def test_mgt_11_calls_are_counted_by_duration() -> None:
    rows = sums([*[cdr(5)] * 10, *[cdr(45)] * 5], Dimension.DURATION).rows()

    assert {row.keys: row.calls for row in rows} == {("1-10",): 10, ("31-60",): 5}


def test_bil_16_an_account_without_calls_has_no_row() -> None:
    assert sums([], Dimension.ACCOUNT).rows() == []


def test_bil_16_time_is_told_by_level() -> None:
    (row,) = sums([cdr(5), cdr(7)], Dimension.ACCOUNT).rows()

    assert row.by_level == {5: seconds(12)}


@given(st.lists(st.builds(cdr, st.integers(1, 900), st.just("0.13"), st.integers(0, 27))))
def test_bil_16_the_days_add_up_to_the_month(cdrs: list[Cdr]) -> None:
    days = sums(cdrs, Dimension.DAY).rows()
    months = sums(cdrs, Dimension.MONTH).rows()

    assert sum(row.calls for row in days) == sum(row.calls for row in months)
    assert sum(row.charge for row in days) == sum(row.charge for row in months)
    assert sum((row.hold_time for row in days), seconds(0)) == sum(
        (row.hold_time for row in months), seconds(0)
    )


@given(st.lists(st.builds(cdr, st.integers(0, 900))))
def test_mgt_11_the_hours_add_up_to_the_total(cdrs: list[Cdr]) -> None:
    assert sum(row.calls for row in sums(cdrs, Dimension.HOUR).rows()) == len(cdrs)
