"""`trunkline trace`: SIP messages and the services' decisions as one ladder, live (MGT-03)."""

import heapq
import itertools
import json
import queue
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

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
from .errors import CommandError, Refused
from .ladder import SDP_START, Event, Kind, LiveLadder, draw
from .output import as_json, console, error_console
from .pcap import add_to_pcap, begin_pcap, write_pcap
from .switch import Switch
from .words import duration, parse_span

CALL_ID: Final = re.compile(rb"(?im)^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)")
REORDER: Final = 0.3
"""Seconds an event waits for earlier ones of other instances."""

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
    pcap: Annotated[
        Path | None, typer.Option(help="Write the messages to this capture file, too.")
    ] = None,
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
    if pcap is not None:
        events = captured_to(pcap, events)
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
    """Return what was captured so far on all instances, in time order.

    An instance knows a call by an id of its own; what two instances of one call have in common is
    the SIP Call-ID of the leg between them.
    """
    events = {_key(event): event for event in _captured(switch, chosen)}
    asked = {chosen.call_id}
    while chosen.call_id and (named := _call_ids(events.values()) - asked):
        asked |= named
        for call_id in sorted(named):
            alike = TraceFilter()
            alike.CopyFrom(chosen)
            alike.call_id = call_id
            events |= {_key(event): event for event in _captured(switch, alike)}
    return sorted(events.values(), key=_time)


def _captured(switch: Switch, chosen: TraceFilter) -> Iterator[TraceEvent]:
    for signaling in switch.signaling:
        for answer in signaling.ReadTrace(ReadTraceRequest(filter=chosen)):
            yield answer.event


def _call_ids(events: Iterable[TraceEvent]) -> set[str]:
    found = (CALL_ID.search(event.message) for event in events)
    return {match[1].decode("utf-8", "replace") for match in found if match}


def _time(event: TraceEvent) -> int:
    return event.time.ToNanoseconds()


def _key(event: TraceEvent) -> bytes:
    return event.SerializeToString(deterministic=True)


def follow_trace(switch: Switch, chosen: TraceFilter, lasting: timedelta) -> Iterator[TraceEvent]:
    """Trace on all instances for a time and yield events as they happen; then stop tracing."""
    arrived: queue.SimpleQueue[TraceEvent | CommandError] = queue.SimpleQueue()
    for signaling in switch.signaling:
        signaling.StartTrace(StartTraceRequest(filter=chosen, duration=duration(lasting)))
        request = ReadTraceRequest(filter=chosen, follow=True)
        reader = threading.Thread(target=_pump, args=(signaling, request, arrived), daemon=True)
        reader.start()
    try:
        patience = REORDER if len(switch.signaling) > 1 else 0.0
        yield from _until(time.monotonic() + lasting.total_seconds(), arrived, patience)
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
    deadline: float,
    arrived: "queue.SimpleQueue[TraceEvent | CommandError]",
    patience: float,
) -> Iterator[TraceEvent]:
    """Yield events in their time order, as far as those of several instances come in `patience`
    seconds of each other.
    """
    held: list[tuple[int, int, float, TraceEvent]] = []
    for number in itertools.count():
        now = time.monotonic()
        while held and (held[0][2] <= now or now >= deadline):
            yield heapq.heappop(held)[3]
        if now >= deadline:
            return
        event = _next(arrived, min([deadline, *(one[2] for one in held[:1])]) - now)
        if isinstance(event, CommandError):
            raise event
        if event is not None:
            heapq.heappush(held, (_time(event), number, time.monotonic() + patience, event))


def _next(
    arrived: "queue.SimpleQueue[TraceEvent | CommandError]", timeout: float
) -> TraceEvent | CommandError | None:
    try:
        return arrived.get(timeout=max(timeout, 0))
    except queue.Empty:
        return None


def captured_to(path: Path, events: Iterable[TraceEvent]) -> Iterator[TraceEvent]:
    """Hand events on, and write their messages to a capture file as they pass."""
    try:
        out = path.open("wb")
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    with out:
        begin_pcap(out)
        for event in events:
            add_to_pcap(event, out)
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
