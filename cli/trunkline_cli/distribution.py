"""`trunkline cdr distribution`, `export` and `rerate`: many CDRs at once (MGT-11, BIL-10)."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from trunkline.billing.v1.billing_pb2 import (
    ExportCdrsRequest,
    ReportDimension,
    ReportRequest,
    ReportRow,
    RerateCdrsRequest,
)
from trunkline.common.v1.common_pb2 import CallEndReason

from . import words
from .cdrs import app
from .context import author, switch_of
from .errors import BadUsage
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    error_console,
    show_list,
    write_json,
)

PATIENCE: Final = 600.0
"""Seconds that millions of CDRs may take."""
SECOND: Final = timedelta(seconds=1)


class By(StrEnum):
    """What makes a group, as people say it."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    ACCOUNT = "account"
    VENDOR = "vendor"
    CALLER = "caller"
    GATEWAY = "gateway"
    PREFIX = "prefix"
    REASON = "reason"
    DURATION = "duration"


DIMENSIONS: Final = {
    By.HOUR: ReportDimension.REPORT_DIMENSION_HOUR,
    By.DAY: ReportDimension.REPORT_DIMENSION_DAY,
    By.MONTH: ReportDimension.REPORT_DIMENSION_MONTH,
    By.ACCOUNT: ReportDimension.REPORT_DIMENSION_ACCOUNT,
    By.VENDOR: ReportDimension.REPORT_DIMENSION_CLEARING_ACCOUNT,
    By.CALLER: ReportDimension.REPORT_DIMENSION_CALLER,
    By.GATEWAY: ReportDimension.REPORT_DIMENSION_VENDOR,
    By.PREFIX: ReportDimension.REPORT_DIMENSION_PREFIX,
    By.REASON: ReportDimension.REPORT_DIMENSION_CALL_END_REASON,
    By.DURATION: ReportDimension.REPORT_DIMENSION_DURATION,
}

SinceOption = Annotated[str, typer.Option(help="Ended since: a time, or a span ago (2h).")]
UntilOption = Annotated[str, typer.Option(help="Ended before: a time, or a span ago. Now.")]
AccountOption = Annotated[str, typer.Option(help="Payer, or vendor's account.")]
GatewayOption = Annotated[str, typer.Option(help="Gateway or phone of either side.")]


@app.command()
def distribution(
    context: typer.Context,
    by: Annotated[list[By], typer.Option(help="What makes a group. May be given again.")],
    since: SinceOption = "1d",
    until: UntilOption = "",
    account: AccountOption = "",
    gateway: GatewayOption = "",
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write to this file instead; - is here.")
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Count attempts, answers and seconds in groups: by hour, gateway, prefix, duration ..."""
    begin, end = _range(since, until)
    request = ReportRequest(
        begin_time=words.timestamp(begin),
        end_time=words.timestamp(end),
        dimensions=[DIMENSIONS[one] for one in by],
        account=account,
        gateway=gateway,
    )
    with error_console().status("adding up"):
        rows = switch_of(context).billing.Report(request, timeout=PATIENCE).rows
    columns = _columns(by)
    if csv_file is None:
        show_list(rows, columns, output)
    else:
        _write_csv(csv_file, columns, rows)


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV file to write; - is here.")],
    since: SinceOption = "1d",
    until: UntilOption = "",
    account: AccountOption = "",
    gateway: GatewayOption = "",
) -> None:
    """Write CDRs as CSV, the oldest first."""
    begin, end = _range(since, until)
    request = ExportCdrsRequest(
        begin_time=words.timestamp(begin),
        end_time=words.timestamp(end),
        account=account,
        gateway=gateway,
    )
    parts = switch_of(context).billing.ExportCdrs(request, timeout=PATIENCE)
    first = next(parts)  # a refusal comes before the file is touched
    if str(file) == "-":
        sys.stdout.write(first.content.decode())
        sys.stdout.writelines(part.content.decode() for part in parts)
        return
    try:
        with file.open("wb") as opened, error_console().status(f"writing {file}"):
            opened.write(first.content)
            opened.writelines(part.content for part in parts)
    except OSError as error:
        raise BadUsage(f"{file} cannot be written: {error.strerror}") from None


@app.command()
def rerate(
    context: typer.Context,
    since: SinceOption,
    until: UntilOption = "",
    account: AccountOption = "",
    memo: Annotated[str, typer.Option(help="Why, for the books.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change and change nothing.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Charge calls anew by the rates that are now in force for their time."""
    begin, end = _range(since, until)
    request = RerateCdrsRequest(
        begin_time=words.timestamp(begin),
        end_time=words.timestamp(end),
        account=account,
        author=author(),
        memo=memo,
        dry_run=dry_run,
    )
    with error_console().status("charging anew"):
        answer = switch_of(context).billing.RerateCdrs(request, timeout=PATIENCE)
    if output is Format.JSON:
        write_json(as_json(answer))
        return
    sums = "".join(
        f"; {words.money(one.before)} -> {words.money(one.after)}" for one in answer.sums
    )
    prefix = "dry run: " if dry_run else ""
    console().print(f"{prefix}{answer.changed} of {answer.looked_at} calls changed{sums}")


def _range(since: str, until: str) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return words.parse_time(since, now), words.parse_time(until, now) if until else now


def _write_csv(file: Path, columns: Sequence[Column[ReportRow]], rows: Iterable[ReportRow]) -> None:
    lines = [
        [column.title for column in columns],
        *([column.value(row) for column in columns] for row in rows),
    ]
    if str(file) == "-":
        csv.writer(sys.stdout).writerows(lines)
        return
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows(lines)
    except OSError as error:
        raise BadUsage(f"{file} cannot be written: {error.strerror}") from None


def _columns(by: Sequence[By]) -> list[Column[ReportRow]]:
    return [_key(place, one) for place, one in enumerate(by)] + SUMS


def _key(place: int, by: By) -> Column[ReportRow]:
    def value(row: ReportRow) -> str:
        key = row.keys[place]
        if by is By.REASON:
            return words.enum_word(CallEndReason, int(key), "CALL_END_REASON_")
        return key or words.NONE

    return Column(by.capitalize(), value, "bold")


def _seconds(row: ReportRow) -> int:
    return row.hold_duration.ToTimedelta() // SECOND


def _asr(row: ReportRow) -> str:
    return f"{100 * row.answered / row.calls:.1f} %"


def _acd(row: ReportRow) -> str:
    return f"{_seconds(row) / row.answered:.1f}" if row.answered else words.NONE


SUMS: list[Column[ReportRow]] = [
    Column("Attempts", lambda row: str(row.calls), number=True),
    Column("Answered", lambda row: str(row.answered), number=True),
    Column("ASR", _asr, number=True),
    Column("Seconds", lambda row: str(_seconds(row)), number=True),
    Column("ACD", _acd, number=True),
    Column("PDD", lambda row: words.milliseconds(row.post_dial_delay), number=True),
    Column("Charge", lambda row: words.money(row.charge), "green", number=True),
    Column("Cost", lambda row: words.money(row.cost), number=True),
]
