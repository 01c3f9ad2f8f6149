"""`trunkline call`: calls in progress, over all signaling instances (MGT-09)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar

import typer
from trunkline.common.v1.common_pb2 import Attempt
from trunkline.signaling.v1.signaling_pb2 import (
    Call,
    CallFilter,
    CallState,
    GetCallRequest,
    HangUpRequest,
    Leg,
    ListCallsRequest,
    TransferState,
)
from trunkline.signaling.v1.signaling_pb2_grpc import SignalingServiceStub
from trunkline_kernel.faults import Fault

from . import rtp, words
from .channels import PeerError
from .context import switch_of
from .errors import Refused
from .output import (
    Column,
    Format,
    OutputOption,
    as_json,
    console,
    show_fields,
    show_list,
    show_table,
    write_json,
)
from .paging import PAGE_SIZE, collect
from .switch import Switch

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="See and end calls in progress.")

CallArgument = Annotated[
    str, typer.Argument(metavar="CALL", help="Id of the call, or its beginning.")
]
MANY: Final = 100_000


class CallStage(StrEnum):
    """Where a call can stand, as it is typed."""

    ROUTING = "routing"
    TRYING = "trying"
    PROGRESS = "progress"
    RINGING = "ringing"
    CONNECTED = "connected"
    ENDING = "ending"


@app.command("list")
def list_calls(
    context: typer.Context,
    number: Annotated[str, typer.Option(help="Caller or callee number, in full.")] = "",
    endpoint: Annotated[str, typer.Option(help="Gateway or phone of either side.")] = "",
    account: Annotated[str, typer.Option(help="Account that pays.")] = "",
    state: Annotated[
        list[CallStage] | None, typer.Option(help="Where calls stand; may be given again.")
    ] = None,
    since: Annotated[str, typer.Option(help="Arrived since: a time, or a span ago (5m).")] = "",
    until: Annotated[str, typer.Option(help="Arrived before: a time, or a span ago.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most calls to show.")] = 1000,
    media: Annotated[
        bool, typer.Option("--media", help="Packets, loss, jitter and MOS of both legs.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List calls in progress, the oldest first."""
    chosen = CallFilter(
        number=number,
        endpoint=endpoint,
        account=account,
        states=[CallState.Value(f"CALL_STATE_{one.name}") for one in state or ()],
    )
    now = datetime.now(UTC)
    if since:
        chosen.setup_from_time.FromDatetime(words.parse_time(since, now))
    if until:
        chosen.setup_until_time.FromDatetime(words.parse_time(until, now))
    calls = [
        call
        for signaling in switch_of(context).signaling
        for call in _calls_of(signaling, chosen, limit, media=media)
    ]
    calls.sort(key=lambda call: call.setup_time.ToNanoseconds())
    show_list(calls[:limit], [*COLUMNS[:4], *rtp.COLUMNS] if media else COLUMNS, output)


@app.command()
def show(context: typer.Context, call: CallArgument, output: OutputOption = Format.TABLE) -> None:
    """Show one call with its legs and attempts."""
    switch = switch_of(context)
    instance, found = _find(switch, call)
    found = _with_figures(switch.signaling[instance], found)
    if output is Format.JSON:
        write_json(as_json(found))
        return
    show_fields(_fields(found))
    if found.attempts:
        show_table(found.attempts, ATTEMPT_COLUMNS, title="Attempts")


@app.command()
def hangup(
    context: typer.Context,
    calls: Annotated[
        list[str], typer.Argument(metavar="CALL...", help="Ids, or their beginnings.")
    ],
    output: OutputOption = Format.TABLE,
) -> None:
    """End calls: BYE on both legs. When one is unknown nothing ends."""
    switch = switch_of(context)
    by_instance: dict[int, list[str]] = {}
    for call_id in calls:
        instance, found = _find(switch, call_id)
        by_instance.setdefault(instance, []).append(found.call_id)
    ended = [
        call_id
        for instance, ids in by_instance.items()
        for call_id in switch.signaling[instance].HangUp(HangUpRequest(call_ids=ids)).call_ids
    ]
    if output is Format.JSON:
        write_json(ended)
        return
    for call_id in ended:
        console().print(f"{call_id} is being ended")


def _calls_of(
    signaling: SignalingServiceStub, chosen: CallFilter, limit: int, *, media: bool = False
) -> Iterator[Call]:
    def page(token: str) -> tuple[Iterable[Call], str]:
        answer = signaling.ListCalls(
            ListCallsRequest(
                filter=chosen, page_size=min(limit, PAGE_SIZE), page_token=token, media=media
            )
        )
        return answer.calls, answer.next_page_token

    return collect(page, limit)


def _find(switch: Switch, call_id: str) -> tuple[int, Call]:
    for instance, signaling in enumerate(switch.signaling):
        try:
            return instance, signaling.GetCall(GetCallRequest(call_id=call_id)).call
        except PeerError as error:
            if error.remote.fault != Fault.NOT_FOUND:
                raise
    found = [
        (instance, call)
        for instance, signaling in enumerate(switch.signaling)
        for call in _calls_of(signaling, CallFilter(), MANY)
        if call.call_id.startswith(call_id)
    ]
    return only(
        found,
        f"call {call_id} in progress",
        [f"ended already? `trunkline cdr show {call_id}`"],
    )


def _with_figures(signaling: SignalingServiceStub, call: Call) -> Call:
    """Return a call with what its media carries; as it was, if it has ended meanwhile."""
    try:
        return signaling.GetCall(GetCallRequest(call_id=call.call_id, media=True)).call
    except PeerError as error:
        if error.remote.fault != Fault.NOT_FOUND:
            raise
        return call


def only(found: Sequence[T], what: str, hints: Sequence[str] = ()) -> T:
    """Return the one thing whose id begins as was asked. Raises `Refused` for none and several."""
    if not found:
        raise Refused(f"there is no {what}", hints)
    if len(found) > 1:
        raise Refused(f"there are {len(found)} beginning like {what}")
    return found[0]


def state(call: Call) -> str:
    """Return where a call stands, in a word."""
    return words.enum_word(CallState, call.state, "CALL_STATE_")


def _talk(call: Call) -> str:
    if not call.HasField("answer_time"):
        return words.NONE
    return words.span(words.duration(datetime.now(UTC) - call.answer_time.ToDatetime(UTC)))


def _number(access: str, billed: str) -> str:
    return f"{access or words.NONE} (billed {billed or words.NONE})"


def _fields(call: Call) -> list[tuple[str, str]]:
    return [
        ("Call", call.call_id),
        ("State", state(call)),
        ("Caller", _number(call.caller_access, call.caller)),
        ("Callee", _number(call.callee_access, call.callee)),
        ("From", words.endpoint(call.caller_endpoint)),
        ("To", words.endpoint(call.callee_endpoint)),
        ("Account", call.account),
        ("Arrived", words.time(call.setup_time)),
        ("Answered", words.time(call.answer_time)),
        ("Talk", _talk(call)),
        ("Leg A", _leg(call.leg_a)),
        ("Leg B", _leg(call.leg_b)),
        *_transfer(call),
        ("Media", call.media_instance or "direct"),
        *_figures(call),
        ("Signaling", call.signaling_instance),
    ]


def _figures(call: Call) -> list[tuple[str, str]]:
    if not call.media_instance:
        return []
    return [("RTP of A", rtp.in_words(call, "a")), ("RTP of B", rtp.in_words(call, "b"))]


def _transfer(call: Call) -> list[tuple[str, str]]:
    if not call.transfer:
        return []
    return [("Transfer", words.enum_word(TransferState, call.transfer, "TRANSFER_STATE_"))]


def _leg(leg: Leg) -> str:
    if not leg.sip_call_id:
        return ""
    parts = [f"{words.address(leg.remote_address)} {leg.codec}".rstrip()]
    if leg.listed_codecs:
        parts.append(f"listed {' '.join(leg.listed_codecs)}")
    if leg.media_address.ip:
        parts.append(f"RTP at {words.address(leg.media_address)}")
    if leg.relay_address.ip:
        parts.append(f"relay at {words.address(leg.relay_address)}")
    if leg.dtmf:
        parts.append(f"DTMF by {leg.dtmf}")
    return ", ".join([*parts, f"Call-ID {leg.sip_call_id}"])


COLUMNS: list[Column[Call]] = [
    Column("Call", lambda call: call.call_id, "bold", identity=True),
    Column("State", state, "cyan"),
    Column("Caller", lambda call: call.caller),
    Column("Callee", lambda call: call.callee),
    Column("From", lambda call: words.endpoint(call.caller_endpoint)),
    Column("To", lambda call: words.endpoint(call.callee_endpoint)),
    Column("Account", lambda call: call.account),
    Column("Talk", _talk, number=True),
    Column("Attempts", lambda call: str(len(call.attempts)), number=True),
]

ATTEMPT_COLUMNS: list[Column[Attempt]] = [
    Column("#", lambda attempt: str(attempt.number), number=True),
    Column("To", lambda attempt: words.endpoint(attempt.endpoint), "bold"),
    Column("Address", lambda attempt: words.address(attempt.remote_address)),
    Column("Callee", lambda attempt: attempt.callee),
    Column("SIP", lambda attempt: str(attempt.sip_status or words.NONE), number=True),
    Column("Outcome", lambda attempt: attempt.outcome),
    Column("Delay", lambda attempt: words.milliseconds(attempt.post_dial_delay), number=True),
]
