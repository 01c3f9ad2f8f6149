"""MGT-11 on the command line: CDRs in groups, and as CSV."""

import csv
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from support.command import FakeSwitch, Run
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.billing.v1 import billing_pb2_grpc
from trunkline.common.v1.common_pb2 import CallEndReason, Money
from trunkline_cli.services import Service

REASON = str(int(CallEndReason.CALL_END_REASON_CALLER_HANGUP))


class Reports(billing_pb2_grpc.BillingServiceServicer):
    def Report(self, request: pb.ReportRequest, context: Any) -> Any:
        reason = pb.ReportDimension.REPORT_DIMENSION_CALL_END_REASON
        keys = [REASON if one == reason else "1-10" for one in request.dimensions]
        row = pb.ReportRow(keys=keys, calls=10, answered=5, hold_duration=Duration(seconds=25))
        return pb.ReportResponse(rows=[row])

    def ExportCdrs(self, request: pb.ExportCdrsRequest, context: Any) -> Any:
        if request.account == "late":
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "CDR queries are denied at this hour")
        yield pb.ExportCdrsResponse(content=b"flow_no\r\n")
        yield pb.ExportCdrsResponse(content=b"1\r\n")

    def RerateCdrs(self, request: pb.RerateCdrsRequest, context: Any) -> Any:
        before = Money(amount="0.50", currency="USD")
        after = Money(amount="1.25", currency="USD")
        sums = [pb.RerateSum(before=before, after=after)]
        return pb.RerateCdrsResponse(looked_at=6, changed=5, sums=sums)


@pytest.fixture
def switch() -> FakeSwitch:
    switch = FakeSwitch()
    switch.servicers[Service.BILLING] = [
        (billing_pb2_grpc.add_BillingServiceServicer_to_server, Reports())  # type: ignore[abstract]
    ]
    return switch


def test_mgt_11_a_group_is_shown_with_its_ratios(run: Run) -> None:
    line = run("cdr", "distribution", "--by", "duration").out.splitlines()[1]

    assert line.split()[:7] == ["1-10", "10", "5", "50.0", "%", "25", "5.0"]


def test_mgt_11_end_reasons_are_words(run: Run) -> None:
    assert "caller hangup" in run("cdr", "distribution", "--by", "reason").out


def test_mgt_11_groups_are_exported_as_csv(run: Run, tmp_path: Path) -> None:
    run("cdr", "distribution", "--by", "hour", "--by", "duration", "--csv", f"{tmp_path}/calls.csv")

    (row,) = csv.DictReader((tmp_path / "calls.csv").read_text().splitlines())
    assert (row["Duration"], row["Attempts"], row["Seconds"]) == ("1-10", "10", "25")


def test_mgt_11_an_unknown_group_is_wrong_usage(run: Run) -> None:
    assert run("cdr", "distribution", "--by", "weather").status == 2


def test_cdrs_are_exported_to_a_file(run: Run, tmp_path: Path) -> None:
    run("cdr", "export", f"{tmp_path}/cdrs.csv")

    assert (tmp_path / "cdrs.csv").read_bytes() == b"flow_no\r\n1\r\n"


def test_a_refused_export_leaves_the_file_as_it_was(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cdrs.csv").write_text("yesterday")

    assert run("cdr", "export", f"{tmp_path}/cdrs.csv", "--account", "late").status == 1
    assert (tmp_path / "cdrs.csv").read_text() == "yesterday"


def test_bil_10_a_dry_run_says_what_charging_anew_would_change(run: Run) -> None:
    ended = run("cdr", "rerate", "--since", "30d", "--dry-run")

    assert ended.out.strip() == "dry run: 5 of 6 calls changed; 0.50 USD -> 1.25 USD"
