"""`trunkline trace`: SIP messages and the services' decisions as one ladder, live (MGT-03)."""

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from trunkline.signaling.v1.signaling_pb2 import (
    ReadTraceRequest,
    StartTraceRequest,
    StopTraceRequest,
    TraceEvent,
    TraceEventKind,
    TraceFilter,
)
from trunkline.signaling.v1.signaling_pb2_grpc import SignalingServiceStub

from .context import switch_of
from .errors import CommandError
from .ladder import SDP_START, Event, Kind, LiveLadder, draw
from .output import as_json, console, error_console
from .pcap import write_pcap
from .switch import Switch
from .words import duration, parse_span

KINDS = {
    TraceEventKind.TRACE_EVENT_KIND_RECEIVED: Kind.RECEIVED,
    TraceEventKind.TRACE_EVENT_KIND_SENT: Kind.SENT,
    TraceEventKind.TRACE_EVENT_KIND_DECISION: Kind.DECISION,
    TraceEventKind.TRACE_EVENT_KIND_DROPPED: Kind.DROPPED,
    TraceEventKind.TRACE_EVENT_KIND_EVENT: Kind.EVENT,
}


class TraceFormat(StrEnum):
    """How a trace is written."""

    TEXT = "text"
    JSON = "json"
    PCAP = "pcap"


def trace(
    context: typer.Context,
    call: Annotated[str, typer.Option(help="Id of the call, or a SIP Call-ID.")] = "",
    number: Annotated[str, typer.Option(help="Caller or callee number, in full.")] = "",
    ip: Annotated[str, typer.Option(help="IP address that sends or receives.")] = "",
    method: Annotated[str, typer.Option(help="SIP method, for example REGISTER.")] = "",
    lasting: Annotated[str, typer.Option("--for", help="How long to trace: 90s, 10m.")] = "10m",
    follow: Annotated[
        bool, typer.Option(help="Trace from now on, or show what was captured and end.")
    ] = True,
    output: Annotated[
        TraceFormat, typer.Option("--output", "-o", help="A ladder, a JSON object a line, or pcap.")
    ] = TraceFormat.TEXT,
) -> None:
    """Show calls as a ladder while they happen. Ctrl-C ends it."""
    switch = switch_of(context)
    chosen = TraceFilter(ip=ip, number=number, call_id=call, method=method.upper())
    if follow:
        events = follow_trace(switch, chosen, parse_span(lasting))
    else:
        events = iter(read_trace(switch, chosen))
    match output:
        case TraceFormat.JSON:
            _write_json_lines(events)
        case TraceFormat.PCAP:
            write_pcap(events, sys.stdout.buffer)
        case TraceFormat.TEXT if follow:
            _draw_live(events, lasting)
        case TraceFormat.TEXT:
            for line in draw([ladder_event(event) for event in events], console().width):
                console().print(line, no_wrap=True, overflow="ignore", crop=False)


def read_trace(switch: Switch, chosen: TraceFilter) -> list[TraceEvent]:
    """Return what was captured so far on all instances, in time order."""
    events = [
        answer.event
        for signaling in switch.signaling
        for answer in signaling.ReadTrace(ReadTraceRequest(filter=chosen))
    ]
    return sorted(events, key=lambda event: event.time.ToNanoseconds())


def follow_trace(switch: Switch, chosen: TraceFilter, lasting: timedelta) -> Iterator[TraceEvent]:
    """Trace on all instances for a time and yield events as they happen; then stop tracing."""
    arrived: queue.SimpleQueue[TraceEvent | CommandError] = queue.SimpleQueue()
    for signaling in switch.signaling:
        signaling.StartTrace(StartTraceRequest(filter=chosen, duration=duration(lasting)))
        request = ReadTraceRequest(filter=chosen, follow=True)
        reader = threading.Thread(target=_pump, args=(signaling, request, arrived), daemon=True)
        reader.start()
    try:
        yield from _until(time.monotonic() + lasting.total_seconds(), arrived)
    except KeyboardInterrupt:
        pass  # the way to end a trace early
    finally:
        for signaling in switch.signaling:
            signaling.StopTrace(StopTraceRequest())


def ladder_event(event: TraceEvent) -> Event:
    """Return an event as the ladder takes it."""
    kind = KINDS.get(event.kind, Kind.EVENT)
    return Event(
        time=event.time.ToDatetime(UTC).astimezone(),
        kind=kind,
        peer=event.destination if kind is Kind.SENT else event.source,
        summary=event.summary,
        call_id=event.call_id,
        has_sdp=SDP_START in event.message,
    )


def _pump(
    signaling: SignalingServiceStub,
    request: ReadTraceRequest,
    arrived: "queue.SimpleQueue[TraceEvent | CommandError]",
) -> None:
    try:
        for answer in signaling.ReadTrace(request):
            arrived.put(answer.event)
    except CommandError as error:
        arrived.put(error)


def _until(
    deadline: float, arrived: "queue.SimpleQueue[TraceEvent | CommandError]"
) -> Iterator[TraceEvent]:
    while (left := deadline - time.monotonic()) > 0:
        try:
            event = arrived.get(timeout=left)
        except queue.Empty:
            return
        if isinstance(event, CommandError):
            raise event
        yield event


def _draw_live(events: Iterator[TraceEvent], lasting: str) -> None:
    if sys.stdout.isatty():
        error_console().print(f"tracing for {lasting}; Ctrl-C ends it", style="dim")
    out = console()
    ladder = LiveLadder(out.width)
    for event in events:
        for line in ladder.add(ladder_event(event)):
            out.print(line, no_wrap=True, overflow="ignore", crop=False)


def _write_json_lines(events: Iterator[TraceEvent]) -> None:
    for event in events:
        sys.stdout.write(json.dumps(event_as_json(event), ensure_ascii=False) + "\n")
        sys.stdout.flush()


def event_as_json(event: TraceEvent) -> dict[str, Any]:
    """Return an event as proto JSON, its message as text."""
    return {**as_json(event), "message": event.message.decode("utf-8", "backslashreplace")}
