"""A trace read from several signaling instances (MGT-03)."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.signaling.v1.signaling_pb2 import (
    ReadTraceRequest,
    ReadTraceResponse,
    TraceEvent,
    TraceFilter,
)
from trunkline_cli.errors import CommandError, Refused
from trunkline_cli.switch import Switch
from trunkline_cli.trace import _until, captured_to, read_trace


def event(seconds: int, call_id: str, sip_call_id: str, instance: str = "a") -> TraceEvent:
    return TraceEvent(
        time=Timestamp(seconds=seconds),
        call_id=call_id,
        signaling_instance=instance,
        source="192.0.2.1:5060",
        destination="192.0.2.2:5060",
        message=f"INVITE sip:4420@b SIP/2.0\r\nCall-ID: {sip_call_id}\r\n\r\n".encode(),
    )


class Node:
    """A signaling instance that knows calls by its own id and by SIP Call-IDs."""

    def __init__(self, *events: TraceEvent) -> None:
        self._events = events

    def ReadTrace(self, request: ReadTraceRequest) -> Iterator[ReadTraceResponse]:
        wanted = request.filter.call_id
        ids = {e.call_id for e in self._events if wanted and wanted.encode() in e.message}
        for each in self._events:
            if not wanted or each.call_id in {wanted, *ids}:
                yield ReadTraceResponse(event=each)


class Nodes:
    """A switch of several."""

    def __init__(self, *nodes: Node) -> None:
        self.signaling = nodes


def test_mgt03_two_nodes_in_one_call_are_one_ladder_in_order_of_time() -> None:
    first = Node(
        event(1, "call-of-a", "from-customer"),
        event(2, "call-of-a", "between"),
        event(9, "another", "elsewhere"),
    )
    second = Node(
        event(3, "call-of-b", "between", "b"),
        event(4, "call-of-b", "to-phone", "b"),
        event(8, "a-third", "nowhere", "b"),
    )
    switch = cast(Switch, Nodes(first, second))

    events = read_trace(switch, TraceFilter(call_id="call-of-a"))

    assert [(e.time.seconds, e.signaling_instance) for e in events] == [
        (1, "a"),
        (2, "a"),
        (3, "b"),
        (4, "b"),
    ]


def test_what_instances_tell_live_comes_in_order_of_time() -> None:
    arrived: queue.SimpleQueue[TraceEvent | CommandError] = queue.SimpleQueue()
    for seconds in (3, 1, 2):
        arrived.put(event(seconds, "call", "leg"))

    events = list(_until(time.monotonic() + 0.2, arrived, patience=0.1))

    assert [e.time.seconds for e in events] == [1, 2, 3]


def test_a_trace_is_written_to_a_capture_file_as_it_passes(tmp_path: Path) -> None:
    file = tmp_path / "trace.pcap"
    passing = captured_to(file, [event(1, "call", "leg"), event(2, "call", "leg")])
    next(passing)

    assert file.read_bytes().count(b"INVITE") == 1
    assert len([*passing]) == 1
    assert file.read_bytes().count(b"INVITE") == 2


def test_a_capture_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file or directory"):
        next(captured_to(tmp_path / "none" / "trace.pcap", []))
