"""BIL-11 and BIL-12: lines, files and the schedule of pushes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.billing import NOW, USD, call, seconds
from trunkline_billing.cdrs.cdr import Cdr, Party, Share
from trunkline_billing.cdrs.fields import cdr_fields
from trunkline_billing.cdrs.retries import next_try, try_thrice
from trunkline_billing.cdrs.text_file import file_name, line
from trunkline_billing.outputs.text_files import TextFiles

PAYER = Share("acme", USD, Decimal("0.20"), seconds(120), seconds(0), "retail", "44")


def cdr(**fields: Any) -> Cdr:
    finished = call(talk=61, **fields)
    return Cdr(finished, seconds(61), NOW, PAYER)


def test_bil_11_calls_of_two_hours_go_to_two_files() -> None:
    assert file_name(datetime(2026, 3, 1, 10, 59, 59, tzinfo=UTC)) == "2026030110.txt"
    assert file_name(datetime(2026, 3, 1, 11, 0, 0, tzinfo=UTC)) == "2026030111.txt"


def test_bil_11_files_may_be_of_another_interval() -> None:
    end = datetime(2026, 3, 1, 10, 59, 59, tzinfo=UTC)

    assert file_name(end, timedelta(minutes=15)) == "202603011045.txt"
    assert file_name(end, timedelta(days=1)) == "202603010000.txt"


def test_bil_11_a_line_has_18_fields() -> None:
    text = line(7, cdr())

    assert text.count("|") == 17
    assert text.split("|")[:5] == [
        "15550100",
        "447700900123",
        "1772366405000",
        "1772366466000",
        "61",
    ]
    assert text.split("|")[13:] == ["acme", "0.20", "120", "", "7"]


def test_bil_11_a_separator_in_a_value_becomes_a_space() -> None:
    text = line(7, cdr(caller_party=Party(1, "a|b\nc", "192.0.2.1", 5060)))

    assert text.count("|") == 17
    assert "a b c" in text


def test_bil_11_the_newest_files_stay(tmp_path: Path) -> None:
    files = TextFiles(tmp_path)
    for hour in range(5):
        files.append(f"202603010{hour}.txt", ["x|1"])

    files.prune(3)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026030102.txt",
        "2026030103.txt",
        "2026030104.txt",
    ]


def test_bil_11_a_line_written_before_a_crash_is_not_written_again(tmp_path: Path) -> None:
    TextFiles(tmp_path).append("2026030110.txt", ["a|1", "b|2"])

    TextFiles(tmp_path).append("2026030110.txt", ["b|2", "c|3"])

    assert (tmp_path / "2026030110.txt").read_text() == "a|1\nb|2\nc|3\n"


def test_bil_11_of_a_long_file_the_end_alone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "2026030110.txt"
    path.write_text("".join(f"{'x' * 300}|{number}\n" for number in range(2000)) + "y|20")

    TextFiles(tmp_path).append(path.name, ["a|1999", "a|2000"])

    text = path.read_text()
    assert text.endswith("|1998\n" + "x" * 300 + "|1999\na|2000\n")
    assert text.count("\n") == 2001


def test_bil_11_a_torn_line_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "2026030110.txt"
    path.write_text("a|1\nb|")

    TextFiles(tmp_path).append(path.name, ["b|2"])

    assert path.read_text() == "a|1\nb|2\n"


@pytest.mark.parametrize(
    ("attempts", "delay"),
    [(1, 1), (2, 5), (3, 30), (4, 300), (5, 3600), (9, 3600)],
)
def test_bil_12_a_push_is_tried_again_later_and_later(attempts: int, delay: int) -> None:
    assert next_try(attempts, NOW, NOW) == NOW + seconds(delay)


def test_bil_12_a_push_is_given_up_after_a_day() -> None:
    assert next_try(30, NOW, NOW + timedelta(hours=24)) is None


def test_mgt_14_what_passes_is_dropped_after_three_tries() -> None:
    tries = [try_thrice(attempts, NOW, NOW) for attempts in (1, 2, 3)]

    assert tries == [NOW + seconds(1), NOW + seconds(5), None]


NAMES = """
    flowNo callerE164 callerAccessE164 callerProductId callerToGatewayE164 callerGateway callerIp
    calleeE164 calleeAccessE164 calleeProductId calleeToGatewayE164 calleeGateway calleeIp
    start stop holdTime feeTime fee feePrefix suiteFee suiteFeeTime
    agentFee agentFeeTime agentFeePrefix agentSuiteFee agentSuiteFeeTime
    callLevel account accountName agentAccount agentName
    endDirection endReason calleeBilling billingMode codecs clearingAccount clearingFee sipCode
    transactionId
"""
"""Fields as the specification names them; attempts with their PDD are in `extension`."""


def test_bil_10_a_cdr_has_every_field() -> None:
    fields = cdr_fields(7, cdr())

    assert {*NAMES.split()} <= fields.keys()
    assert fields["flowNo"] == 7
    assert fields["fee"] == "0.20"
    assert (fields["callerAccessE164"], fields["calleeAccessE164"]) == (
        "15550100",
        "0447700900123",
    )
    assert fields["callerGateway"] == "acme-pbx"
    assert fields["agentAccount"] == ""
