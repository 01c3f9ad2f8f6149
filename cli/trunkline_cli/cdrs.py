"""`trunkline cdr`: calls that have ended, with what they cost (BIL-10, BIL-13)."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from trunkline.billing.v1.billing_pb2 import GetCdrRequest, ListCdrsRequest, RatedCdr
from trunkline.common.v1.common_pb2 import CallEndReason, EndDirection, StreamStatistics
from trunkline_kernel.faults import Fault
from trunkline_kernel.tracing import trace_id

from . import words
from .calls import ATTEMPT_COLUMNS, CallArgument, only
from .channels import PeerError
from .context import switch_of
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    show_fields,
    show_list,
    show_table,
    write_json,
)
from .paging import PAGE_SIZE, collect
from .switch import Switch

app = typer.Typer(no_args_is_help=True, help="See calls that have ended, and their charges.")


@app.command("list")
def list_cdrs(
    context: typer.Context,
    account: Annotated[str, typer.Option(help="Account that paid.")] = "",
    caller: Annotated[str, typer.Option(help="Caller number, in full.")] = "",
    callee: Annotated[str, typer.Option(help="Callee number, in full.")] = "",
    gateway: Annotated[str, typer.Option(help="Gateway or phone of either side.")] = "",
    since: Annotated[str, typer.Option(help="Ended since: a time, or a span ago (2h).")] = "",
    until: Annotated[str, typer.Option(help="Ended before: a time, or a span ago.")] = "",
    answered: Annotated[bool, typer.Option("--answered", help="Answered calls only.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most CDRs to show.")] = 100,
    output: OutputOption = Format.TABLE,
) -> None:
    """List CDRs, the newest first."""
    billing = switch_of(context).billing
    request = ListCdrsRequest(
        account=account,
        caller=caller,
        callee=callee,
        gateway=gateway,
        answered_only=answered,
        page_size=min(limit, PAGE_SIZE),
    )
    now = datetime.now(UTC)
    if since:
        request.begin_time.FromDatetime(words.parse_time(since, now))
    if until:
        request.end_time.FromDatetime(words.parse_time(until, now))

    def page(token: str) -> tuple[Iterable[RatedCdr], str]:
        request.page_token = token
        answer = billing.ListCdrs(request)
        return answer.cdrs, answer.next_page_token

    show_list(list(collect(page, limit)), COLUMNS, output)


@app.command()
def show(
    context: typer.Context,
    call: CallArgument,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show one CDR with its attempts and charges."""
    cdr = _find(switch_of(context), call)
    if output is Format.JSON:
        write_json(as_json(cdr))
        return
    show_fields(_fields(cdr))
    if cdr.cdr.attempts:
        show_table(cdr.cdr.attempts, ATTEMPT_COLUMNS, title="Attempts")


def _find(switch: Switch, call_id: str) -> RatedCdr:
    """Return a CDR by its id, or the one of the last thousand whose id begins so."""
    try:
        return switch.billing.GetCdr(GetCdrRequest(call_id=call_id)).cdr
    except PeerError as error:
        if error.remote.fault != Fault.NOT_FOUND:
            raise
    recent = switch.billing.ListCdrs(ListCdrsRequest(page_size=PAGE_SIZE)).cdrs
    found = [one for one in recent if one.cdr.call_id.startswith(call_id)]
    return only(found, f"CDR {call_id}")


def end_reason(rated: RatedCdr) -> str:
    """Return why a call ended, in words."""
    return words.enum_word(CallEndReason, rated.cdr.call_end_reason, "CALL_END_REASON_")


def talk(rated: RatedCdr) -> Duration:
    """Return the time from answer to end. Empty when the call was never answered."""
    if not rated.cdr.HasField("answer_time"):
        return Duration()
    started, ended = rated.cdr.answer_time.ToDatetime(), rated.cdr.end_time.ToDatetime()
    return words.duration(ended - started)


def _fields(rated: RatedCdr) -> list[tuple[str, str]]:
    cdr = rated.cdr
    return [
        ("Call", cdr.call_id),
        ("Trace", trace_id(cdr.call_id)),
        ("Caller", f"{cdr.caller_access}, billed {cdr.caller}, sent {cdr.caller_to_gateway}"),
        ("Callee", f"{cdr.callee_access}, billed {cdr.callee}, sent {cdr.callee_to_gateway}"),
        ("From", f"{words.endpoint(cdr.caller_endpoint)} at {words.address(cdr.caller_address)}"),
        ("To", f"{words.endpoint(cdr.callee_endpoint)} at {words.address(cdr.callee_address)}"),
        ("Arrived", words.time(cdr.setup_time)),
        ("Answered", words.time(cdr.answer_time)),
        ("Ended", words.time(cdr.end_time)),
        ("By", words.enum_word(EndDirection, cdr.end_direction, "END_DIRECTION_")),
        ("Because", f"{end_reason(rated)}, SIP {cdr.sip_status}"),
        ("Charge", f"{words.money(rated.charge)} to {cdr.account or words.NONE}"),
        ("Charged", words.span(rated.charged_duration)),
        ("Rate", f"{rated.rate_group} {rated.rate_prefix}".strip()),
        ("Cost", f"{words.money(rated.cost)} to {cdr.clearing_account or words.NONE}"),
        ("Codecs", ", ".join(cdr.codecs)),
        ("Out of", " | ".join(cdr.codec_lists)),
        ("Media from A", _stream(cdr.media.leg_a) if cdr.HasField("media") else ""),
        ("Media from B", _stream(cdr.media.leg_b) if cdr.HasField("media") else ""),
        ("Recovered by", cdr.recovered_by),
    ]


def _stream(stream: StreamStatistics) -> str:
    round_trip = f"{stream.round_trip_ms:.0f} ms" if stream.round_trip_ms else "unknown"
    last = words.time(stream.last_packet_time) if stream.HasField("last_packet_time") else "never"
    return (
        f"{stream.packets} packets, {stream.packets_lost} lost, {stream.packets_reordered} out of "
        f"order, {stream.packets_dropped} dropped, jitter {stream.jitter_ms:.1f} ms, "
        f"round trip {round_trip}, MOS {stream.mos:.1f}, last {last}"
    )


COLUMNS: list[Column[RatedCdr]] = [
    Column("Ended", lambda rated: words.time(rated.cdr.end_time)),
    Column("Call", lambda rated: rated.cdr.call_id, "bold", identity=True),
    Column("Caller", lambda rated: rated.cdr.caller),
    Column("Callee", lambda rated: rated.cdr.callee),
    Column("From", lambda rated: words.endpoint(rated.cdr.caller_endpoint)),
    Column("To", lambda rated: words.endpoint(rated.cdr.callee_endpoint)),
    Column("Talk", lambda rated: words.span(talk(rated)), number=True),
    Column("Charged", lambda rated: words.span(rated.charged_duration), number=True),
    Column("Charge", lambda rated: words.money(rated.charge), "green", number=True),
    Column("Cost", lambda rated: words.money(rated.cost), number=True),
    Column("SIP", lambda rated: str(rated.cdr.sip_status or words.NONE), number=True),
    Column("Reason", end_reason),
]
