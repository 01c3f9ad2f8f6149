"""BIL-01: rate files as vendors send them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.billing import NOW, deck, rate, seconds
from support.workbooks import workbook
from trunkline_billing.imports.comparison import Comparison, Mode
from trunkline_billing.imports.dialect import BadFile, detect
from trunkline_billing.imports.reader import LineError, read
from trunkline_billing.imports.tally import Counts
from trunkline_billing.rating.deck import Ivr, Rate, RateDeck
from trunkline_billing.rating.tariff import RatingRules, rate_call
from trunkline_kernel.sheets import text_of


def rows(text: str) -> list[Rate | LineError]:
    lines = text.splitlines()
    return list(read(lines, detect(lines)))


def rates(text: str) -> list[Rate]:
    read_rows = rows(text)
    assert all(isinstance(row, Rate) for row in read_rows), read_rows
    return [row for row in read_rows if isinstance(row, Rate)]


def test_bil01_a_workbook_is_read_as_text_is() -> None:
    book = workbook(
        [("Code", "Country", "Rate, USD/min", "Billing"), (44, "UK, London", 0.012, "60/1")]
    )
    text = text_of(book).replace("Rate, USD/min", "Rate")

    assert rates(text) == rates('prefix,area,rate,billing\n44,"UK, London",0.012,60/1\n')


def errors(text: str) -> list[str]:
    return [str(row) for row in rows(text) if isinstance(row, LineError)]


def minute(one: Rate) -> Decimal:
    return one.tariff.price_per_minute


DIALECTS = {
    "commas": "prefix,rate\n44,0.0120\n",
    "semicolons and decimal comma": "prefix;rate\n44;0,0120\n",
    "tabs": "Prefix\tPrice\n44\t0.0120\n",
    "no heading": "44,0.0120\n",
    "quotes and dollar": '"Prefix","Rate"\n"44","$0.0120"\n',
    "plus and unit": "Dial Code;Rate (USD/min)\n+44;0,0120\n",
    "didww": "Category,Country,Network,Prefix,Rate,Connection fee,Initial increment,"
    "Recurring increment\nA,UK,BT,44,0.0120,0,60,60\n",
    "yeti": "prefix,initial_rate,next_rate,initial_interval,next_interval,connect_fee\n"
    "44,0.0120,0.0120,60,60,0\n",
    "kazoo": "prefix,rate_cost,rate_increment,rate_minimum,rate_surcharge\n44,0.0120,60,60,0\n",
}


@pytest.mark.parametrize("text", DIALECTS.values(), ids=DIALECTS.keys())
def test_a_price_list_is_read_however_it_is_written(text: str) -> None:
    (one,) = rates(text)

    assert (one.prefix, minute(one), one.tariff.period) == ("44", Decimal("0.012"), seconds(60))


def test_a_byte_order_mark_is_no_part_of_the_first_heading() -> None:
    assert rates(text_of(b"\xef\xbb\xbfprefix,rate\n44,1\n"))[0].prefix == "44"
    assert rates(text_of("prefix,rate\n44,1\n".encode("utf-16")))[0].prefix == "44"


@pytest.mark.parametrize(
    ("spelled", "first", "interval"),
    [("1/1", 1, 1), ("60/60", 60, 60), ("60/1", 60, 1), ("30 / 6", 30, 6), ("1/1/6", 1, 6)],
)
def test_intervals_may_be_spelled_with_slashes(spelled: str, first: int, interval: int) -> None:
    (one,) = rates(f"prefix,rate,increments\n44,0.6,{spelled}\n")

    assert one.tariff.first_unit == seconds(first)
    assert one.tariff.period == seconds(interval)


def test_a_connection_fee_is_paid_once_with_what_is_sold_first() -> None:
    (one,) = rates("prefix,rate,connect fee,increments\n44,0.60,0.05,60/60\n")

    assert rate_call(one.tariff, seconds(1), RatingRules()).fee == Decimal("0.65")
    assert rate_call(one.tariff, seconds(61), RatingRules()).fee == Decimal("1.25")


def test_a_prefix_may_be_a_list_or_a_range() -> None:
    read_rates = rates('prefix,rate\n"44,45",1\n0097-0099,1\n')

    assert [one.prefix for one in read_rates] == ["44", "45", "0097", "0098", "0099"]


def test_a_blocked_prefix_is_locked() -> None:
    blocked, sold = rates("prefix,rate,status\n44,1,Blocked\n45,1,new\n")

    assert (blocked.locked, sold.locked) == (True, False)


def test_mgt16_what_an_ivr_would_cost_is_kept() -> None:
    kept, none = rates("feePrefix,fee,period,ivrFee,ivrPeriod\n44,1,60,0.50,30\n45,1,60,,\n")

    assert kept.ivr == Ivr(Decimal("0.50"), timedelta(seconds=30))
    assert none.ivr == Ivr()


@pytest.mark.parametrize("text", ["2027-01-31", "31.01.2027", "31/01/2027", "2027-01-31T00:00:00Z"])
def test_an_effective_date_makes_a_version(text: str) -> None:
    (one,) = rates(f"prefix,rate,effective date\n44,1,{text}\n")

    assert one.valid_from == datetime(2027, 1, 31, tzinfo=UTC)


def test_bil_01_bad_rows_are_listed_and_the_others_stored() -> None:
    lines = [f"{prefix},0.01" for prefix in range(100, 200)]
    lines[10], lines[50] = "abc,0.01", "150,-1"

    read_rows = rows("prefix,rate\n" + "\n".join(lines))

    assert sum(isinstance(row, Rate) for row in read_rows) == 98
    assert [str(row) for row in read_rows if isinstance(row, LineError)] == [
        "line 12, prefix: 'abc': expected digits",
        "line 52, per_minute: -1: expected 0 or more",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",1", "line 2, prefix: is empty"),
        ("44,", "line 2, rate: no price: expected an amount such as 0.0120"),
        ("44,abc", "line 2, per_minute: per_minute 'abc': expected decimal digits"),
        ("49-44,1", "line 2, prefix: 49-44: expected a rising range"),
        ("0-99999999,1", "line 2, prefix: 0-99999999: expected a rising range"),
        ("44,1,-1", "line 2, ivr_fee: -1: expected 0 or more"),
        ("44,1,1,0", "line 2, ivr_period: '0': expected whole seconds, 1 or more"),
    ],
    ids=[
        *("no prefix", "no price", "not a price", "falling range", "huge range"),
        *("negative fee", "no period"),
    ],
)
def test_an_error_names_its_line_and_column(line: str, problem: str) -> None:
    (error,) = errors(f"prefix,rate,ivrFee,ivrPeriod\n{line}\n")

    assert error.startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "empty"), ("colour,taste\nred,sweet\n", "no prefix and price"), ("44\n45\n", "at least")],
    ids=["nothing", "no prefix", "one column"],
)
def test_a_file_that_is_no_rate_deck_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadFile, match=problem):
        rows(text)


@given(st.text(max_size=300))
def test_any_text_gives_rates_or_errors_and_nothing_else(text: str) -> None:
    try:
        read_rows = rows(text)
    except BadFile:
        return
    assert all(isinstance(row, Rate | LineError) for row in read_rows)


def compared(present: RateDeck, fresh: list[Rate], mode: Mode) -> Comparison:
    comparison = Comparison(present, RateDeck("file", fresh), mode)
    for digits in comparison.digits:
        comparison.take(digits)
    return comparison


def test_a_comparison_says_what_becomes_of_every_prefix() -> None:
    present = deck("retail", p1="0.10", p2="0.20", p3="0.30", p4="0.40")
    fresh = [rate("1", "0.10"), rate("2", "0.25"), rate("3", "0.25"), rate("5", "0.50")]

    merged = compared(present, fresh, Mode.MERGE)
    replaced = compared(present, fresh, Mode.REPLACE)

    assert [(one.prefix, one.action) for one in merged.differences] == [
        ("2", "increase"),
        ("3", "decrease"),
        ("5", "new"),
    ]
    assert [(one.prefix, one.action) for one in replaced.differences][-2:] == [
        ("4", "gone"),
        ("5", "new"),
    ]
    assert merged.counts(0) == Counts(added=1, increased=1, decreased=1, unchanged=1)
    assert replaced.counts(2).removed == 1
    assert (len(merged.deck()), len(replaced.deck())) == (5, 4)
    assert merged.deck().find("4", NOW).tariff.fee == Decimal("0.40")


def test_bil_01_a_prefix_named_twice_keeps_its_last_line() -> None:
    comparison = compared(deck("retail"), [rate("1", "0.1"), rate("1", "0.2")], Mode.MERGE)

    assert comparison.deck().find("1", NOW).tariff.fee == Decimal("0.2")
    assert len(comparison.differences) == 1
