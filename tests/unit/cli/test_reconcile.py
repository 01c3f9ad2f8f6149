"""BIL-14 on the command line: books compared with peers and statements."""

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from support.command import FakeSwitch, Run
from trunkline.billing.v1 import billing_pb2, billing_pb2_grpc, reconciliation_pb2_grpc
from trunkline.billing.v1 import reconciliation_pb2 as pb
from trunkline.common.v1 import common_pb2
from trunkline_cli.services import Service

MISSING = billing_pb2.CallDispute(
    finding="missing on our side",
    theirs=billing_pb2.StatedCall(
        caller="15550100",
        callee="447700900123",
        answer_time=Timestamp(seconds=int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())),
        billed_duration=Duration(seconds=60),
        amount="0.10",
        reference="their-call",
    ),
)
OURS = billing_pb2.TrafficTotals(calls=9, billed_duration=Duration(seconds=540), amount="0.90")
THEIRS = billing_pb2.TrafficTotals(calls=10, billed_duration=Duration(seconds=600), amount="1.00")


class Peers(reconciliation_pb2_grpc.PeerReconciliationServiceServicer):
    def ReconcilePeer(self, request: pb.ReconcilePeerRequest, context: Any) -> Any:
        if request.peer == "nobody":
            context.abort(grpc.StatusCode.NOT_FOUND, "no reconciliation peer is named 'nobody'")
        deviates = request.peer == "vox"
        answer = pb.ReconcilePeerResponse(reconciliation=self.found(deviates))
        if request.with_calls:
            answer.matched, answer.disputed, answer.dispute_count = 9, "0.10", 1
            answer.disputes.append(MISSING)
        return answer

    def ListPeerReconciliations(
        self, request: pb.ListPeerReconciliationsRequest, context: Any
    ) -> Any:
        return pb.ListPeerReconciliationsResponse(reconciliations=[self.found(True)])

    def found(self, deviates: bool) -> pb.PeerReconciliation:
        return pb.PeerReconciliation(
            peer="vox",
            day="2026-03-01",
            state=pb.RECONCILIATION_STATE_DEVIATION
            if deviates
            else pb.RECONCILIATION_STATE_MATCHED,
            ours=OURS,
            theirs=THEIRS if deviates else OURS,
            currency="USD",
            explanation="calls differ by 11.11 %" if deviates else "",
        )


class Statements(billing_pb2_grpc.BillingServiceServicer):
    def Reconcile(self, request: billing_pb2.ReconcileRequest, context: Any) -> Any:
        assert gzip.decompress(request.content).startswith(b"caller")
        return billing_pb2.ReconcileResponse(
            deviates=True,
            ours=OURS,
            theirs=THEIRS,
            matched=9,
            disputed=common_pb2.Money(amount="0.10", currency="USD"),
            disputes=[MISSING],
            dispute_count=1,
        )


@pytest.fixture
def switch() -> FakeSwitch:
    switch = FakeSwitch()
    add_peers = reconciliation_pb2_grpc.add_PeerReconciliationServiceServicer_to_server
    switch.servicers[Service.BILLING] = [
        (add_peers, Peers()),
        (billing_pb2_grpc.add_BillingServiceServicer_to_server, Statements()),  # type: ignore[abstract]
    ]
    return switch


def test_bil_14_books_that_match_end_with_0(run: Run) -> None:
    ended = run("reconcile", "run", "friend")

    assert ended.status == 0
    assert "matched" in ended.out


def test_bil_14_books_that_deviate_end_with_1_and_say_by_how_much(run: Run) -> None:
    ended = run("reconcile", "run", "vox", "--calls")

    assert ended.status == 1
    assert "9 / 540 / 0.90" in ended.out
    assert "missing on our side" in ended.out
    assert "9 calls in both books, 1 disputed, 0.10 USD more in theirs" in ended.out
    assert "calls differ by 11.11 %" in ended.err


def test_bil_14_disputes_can_be_sent_to_the_other_side(run: Run, tmp_path: Path) -> None:
    run("reconcile", "run", "vox", "--csv", str(tmp_path / "disputes.csv"))

    (row,) = csv.DictReader((tmp_path / "disputes.csv").read_text().splitlines())
    assert (row["finding"], row["our amount"], row["their amount"], row["their reference"]) == (
        "missing on our side",
        "",
        "0.10",
        "their-call",
    )


def test_bil_14_comparisons_are_listed_for_programs(run: Run) -> None:
    (listed,) = json.loads(run("reconcile", "list", "--output", "json").out)

    assert (listed["peer"], listed["state"]) == ("vox", "RECONCILIATION_STATE_DEVIATION")


def test_bil_14_an_unknown_peer_is_named(run: Run) -> None:
    ended = run("reconcile", "run", "nobody")

    assert ended.status == 1
    assert "nobody" in ended.err


def test_bil_14_a_statement_is_compared_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "vox.csv").write_text("caller,callee,start,duration,amount\n")

    ended = run(
        *("reconcile", "statement", str(tmp_path / "vox.csv"), "--account", "vox"),
        *("--since", "2026-03-01T00:00+00:00", "--until", "2026-03-02T00:00+00:00"),
    )

    assert ended.status == 1
    assert "9 calls in both books, 1 disputed, 0.10 USD more in theirs" in ended.out
