"""`trunkline reconcile`: our books against those of peers and vendors (BIL-14)."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from trunkline.billing.v1.billing_pb2 import (
    CallDispute,
    ReconcileRequest,
    ReconcileResponse,
    StatedCall,
    TrafficTotals,
)
from trunkline.billing.v1.reconciliation_pb2 import (
    ListPeerReconciliationsRequest,
    PeerReconciliation,
    ReconcilePeerRequest,
    ReconciliationState,
)

from . import words
from .context import switch_of
from .errors import BadUsage, Refused
from .files import packed
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    error_console,
    show_list,
    show_table,
    write_json,
)
from .paging import PAGE_SIZE, collect

app = typer.Typer(no_args_is_help=True, help="Compare our books with peers and vendors.")

PATIENCE: Final = 600.0
"""Seconds a comparison may take: a day of a million calls does."""
SHOWN: Final = 50

CsvOption = Annotated[
    Path | None, typer.Option("--csv", help="Write every dispute to this file.", dir_okay=False)
]


@app.command("list")
def list_reconciliations(
    context: typer.Context,
    peer: Annotated[str, typer.Option(help="One peer only.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most comparisons to show.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List what came of comparisons with peers, the newest day first."""
    reconciliations = switch_of(context).reconciliations

    def page(token: str) -> tuple[Iterable[PeerReconciliation], str]:
        request = ListPeerReconciliationsRequest(
            peer=peer, page_size=min(limit, PAGE_SIZE), page_token=token
        )
        answer = reconciliations.ListPeerReconciliations(request)
        return answer.reconciliations, answer.next_page_token

    show_list(list(collect(page, limit)), COLUMNS, output)


@app.command()
def run(
    context: typer.Context,
    peer: Annotated[str, typer.Argument(help="Name of the ReconciliationPeer.")],
    day: Annotated[str, typer.Option(help="Day in UTC, 2026-03-01. Yesterday if not said.")] = "",
    calls: Annotated[bool, typer.Option("--calls", help="Compare call by call too.")] = False,
    csv_file: CsvOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Compare a day with a peer now. Exit code 1 unless the books match."""
    request = ReconcilePeerRequest(peer=peer, day=day, with_calls=calls or csv_file is not None)
    with error_console().status(f"asking {peer}"):
        answer = switch_of(context).reconciliations.ReconcilePeer(request, timeout=PATIENCE)
    if csv_file is not None:
        write_disputes(csv_file, answer.disputes)
    found = answer.reconciliation
    if output is Format.JSON:
        write_json(as_json(answer))
    else:
        show_table([found], COLUMNS)
        if request.with_calls and found.HasField("theirs"):
            show_disputes(
                answer.disputes,
                f"{answer.matched} calls in both books, {answer.dispute_count} disputed,"
                f" {answer.disputed} {found.currency} more in theirs",
            )
    if found.state != ReconciliationState.RECONCILIATION_STATE_MATCHED:
        raise Refused(f"{found.day}: {_state(found)}: {found.explanation}")


@app.command()
def statement(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV of calls as the vendor sent it; .gz too.")],
    account: Annotated[str, typer.Option(help="Our account of the vendor or customer.")],
    since: Annotated[str, typer.Option(help="Calls that ended since: a time, or a span ago.")],
    until: Annotated[str, typer.Option(help="Calls that ended before: a time, or a span ago.")],
    csv_file: CsvOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Compare our calls with a statement or an invoice's list. Exit code 1 if totals deviate."""
    now = datetime.now(UTC)
    request = ReconcileRequest(
        account=account,
        begin_time=words.timestamp(words.parse_time(since, now)),
        end_time=words.timestamp(words.parse_time(until, now)),
        content=packed(file),
        gzip=True,
    )
    with error_console().status(f"reading {file.name}"):
        answer = switch_of(context).billing.Reconcile(request, timeout=PATIENCE)
    if csv_file is not None:
        write_disputes(csv_file, answer.disputes)
    if output is Format.JSON:
        write_json(as_json(answer))
    else:
        show_table([("ours", answer.ours), ("theirs", answer.theirs)], TOTALS_COLUMNS)
        show_disputes(answer.disputes, _summary(answer))
    if answer.deviates:
        raise Refused("a total deviates by more than 0.5 percent")


def show_disputes(disputes: Iterable[CallDispute], summary: str) -> None:
    """Show the first disputes and a line that sums them up."""
    listed = list(disputes)
    if listed:
        show_table(listed[:SHOWN], DISPUTE_COLUMNS)
    left = len(listed) - SHOWN
    if left > 0:
        console().print(f"and {left} more, which --csv FILE has")
    console().print(summary)


def write_disputes(file: Path, disputes: Iterable[CallDispute]) -> None:
    """Write disputes as CSV, to send to the other side. Raises `BadUsage`."""
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(["finding", *(f"our {name}" for name in PARTS), *PARTS_OF_THEIRS])
            writer.writerows(
                [one.finding, *_parts(one.ours), *_parts(one.theirs)] for one in disputes
            )
    except OSError as error:
        raise BadUsage(f"{file} cannot be written: {error.strerror}") from None


PARTS: Final = ("caller", "callee", "answer", "seconds", "amount", "reference")
PARTS_OF_THEIRS: Final = tuple(f"their {name}" for name in PARTS)


def _parts(call: StatedCall) -> list[str]:
    if not call.ByteSize():
        return [""] * len(PARTS)
    return [
        call.caller,
        call.callee,
        call.answer_time.ToJsonString(),
        str(call.billed_duration.seconds),
        call.amount,
        call.reference,
    ]


def _summary(answer: ReconcileResponse) -> str:
    return (
        f"{answer.matched} calls in both books, {answer.dispute_count} disputed,"
        f" {words.money(answer.disputed)} more in theirs"
    )


def _state(found: PeerReconciliation) -> str:
    return words.enum_word(ReconciliationState, found.state, "RECONCILIATION_STATE_")


def _totals(totals: TrafficTotals) -> str:
    """Return calls, seconds and amount; a dash when they are not known."""
    if not totals.amount:
        return words.NONE
    return f"{totals.calls} / {totals.billed_duration.seconds} / {totals.amount}"


def _number(call: CallDispute) -> StatedCall:
    return call.ours if call.HasField("ours") else call.theirs


def _of(side: StatedCall, value: str) -> str:
    return value if side.ByteSize() else words.NONE


COLUMNS: list[Column[PeerReconciliation]] = [
    Column("Peer", lambda one: one.peer, "bold"),
    Column("Day", lambda one: one.day),
    Column("Result", _state, "cyan"),
    Column("Ours: calls / seconds / amount", lambda one: _totals(one.ours), number=True),
    Column("Theirs", lambda one: _totals(one.theirs), number=True),
    Column("Currency", lambda one: one.currency or words.NONE),
    Column("Checked", lambda one: words.time(one.check_time)),
    Column("Explanation", lambda one: one.explanation),
]

TOTALS_COLUMNS: list[Column[tuple[str, TrafficTotals]]] = [
    Column("Book", lambda one: one[0], "bold"),
    Column("Calls", lambda one: str(one[1].calls), number=True),
    Column("Seconds", lambda one: str(one[1].billed_duration.seconds), number=True),
    Column("Amount", lambda one: one[1].amount, "green", number=True),
]

DISPUTE_COLUMNS: list[Column[CallDispute]] = [
    Column("Finding", lambda one: one.finding, "cyan"),
    Column("Answered", lambda one: words.time(_number(one).answer_time)),
    Column("Caller", lambda one: _number(one).caller),
    Column("Callee", lambda one: _number(one).callee),
    Column(
        "Our seconds", lambda one: _of(one.ours, str(one.ours.billed_duration.seconds)), number=True
    ),
    Column(
        "Theirs", lambda one: _of(one.theirs, str(one.theirs.billed_duration.seconds)), number=True
    ),
    Column("Our amount", lambda one: _of(one.ours, one.ours.amount), number=True),
    Column("Theirs", lambda one: _of(one.theirs, one.theirs.amount), number=True),
    Column("Our call", lambda one: one.ours.reference or words.NONE, identity=True),
]
