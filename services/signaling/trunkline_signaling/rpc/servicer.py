"""The servicer of signaling: decode, call, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline.signaling.v1.signaling_pb2_grpc import SignalingServiceServicer
from trunkline_kernel.names import Names
from trunkline_kernel.node import Node
from trunkline_kernel.rpc import Context

from ..calls.call import Call
from ..calls.cdr import MediaStatistics
from ..calls.events import HangUp
from ..errors import BadRequest, UnknownCall
from ..shell.network_tests import NetworkTests
from ..shell.switch import Switch
from ..trace.events import EventKind, TraceEvent, TraceFilter
from ..trace.ring import Trace
from .calls import encode_call
from .clients.shared import TRANSPORTS, decode_span, encode_time
from .names import encode_name
from .network_tests import encode_step, encode_test
from .selection import CallSelection

DEFAULT_PAGE: Final = 100
MOST: Final = 1000

_KINDS: Final[Mapping[EventKind, pb.TraceEventKind.ValueType]] = {
    EventKind.RECEIVED: pb.TRACE_EVENT_KIND_RECEIVED,
    EventKind.SENT: pb.TRACE_EVENT_KIND_SENT,
    EventKind.DECISION: pb.TRACE_EVENT_KIND_DECISION,
    EventKind.DROPPED: pb.TRACE_EVENT_KIND_DROPPED,
    EventKind.EVENT: pb.TRACE_EVENT_KIND_EVENT,
}


Figures = Callable[[Mapping[str, Sequence[str]]], Awaitable[Mapping[str, MediaStatistics]]]


class SignalingServicer(SignalingServiceServicer):
    """Answers `trunkline.signaling.v1.SignalingService`."""

    def __init__(
        self,
        node: Node,
        switch: Switch,
        trace: Trace,
        cdrs_waiting: Callable[[], int],
        drain: Callable[[], None],
        names: Names,
        tests: NetworkTests,
        figures: Figures,
    ) -> None:
        """`figures` returns what calls carry now, of the ids by media instance."""
        self._node = node
        self._switch = switch
        self._trace = trace
        self._cdrs_waiting = cdrs_waiting
        self._drain = drain
        self._names = names
        self._tests = tests
        self._figures = figures

    async def ListCalls(
        self, request: pb.ListCallsRequest, context: Context
    ) -> pb.ListCallsResponse:
        """List calls in progress, the oldest first."""
        if request.page_size > MOST:
            raise BadRequest(f"page_size is 1 to {MOST}, not {request.page_size}")
        wanted = CallSelection(request.filter)
        found = [c for c in self._switch.calls.values() if wanted.takes(c)]
        first = _position(request.page_token)
        last = first + (request.page_size or DEFAULT_PAGE)
        calls = found[first:last]
        figures = await self._figures_of(calls) if request.media else {}
        return pb.ListCallsResponse(
            calls=(encode_call(call, figures.get(call.id)) for call in calls),
            next_page_token=str(last) if last < len(found) else "",
            total=len(found),
        )

    async def GetCall(self, request: pb.GetCallRequest, context: Context) -> pb.GetCallResponse:
        """Return one call in progress."""
        call = self._call(request.call_id)
        figures = await self._figures_of([call]) if request.media else {}
        return pb.GetCallResponse(call=encode_call(call, figures.get(call.id)))

    async def HangUp(self, request: pb.HangUpRequest, context: Context) -> pb.HangUpResponse:
        """End calls: all of them or, when one is unknown, none."""
        if not 1 <= len(request.call_ids) <= MOST:
            raise BadRequest(f"call_ids are 1 to {MOST}, not {len(request.call_ids)}")
        unknown = [call_id for call_id in request.call_ids if call_id not in self._switch.calls]
        if unknown:
            raise UnknownCall(f"no such call in progress: {', '.join(unknown)}")
        for call_id in request.call_ids:
            self._switch.tell(call_id, HangUp("ended by an operator"))
        return pb.HangUpResponse(call_ids=request.call_ids)

    async def StartTrace(
        self, request: pb.StartTraceRequest, context: Context
    ) -> pb.StartTraceResponse:
        """Begin to trace."""
        end = self._trace.start(_filter(request.filter), decode_span(request, "duration"))
        return pb.StartTraceResponse(end_time=None if end is None else encode_time(end))

    async def StopTrace(
        self, request: pb.StopTraceRequest, context: Context
    ) -> pb.StopTraceResponse:
        """Stop tracing."""
        return pb.StopTraceResponse(events=self._trace.stop())

    async def ReadTrace(
        self, request: pb.ReadTraceRequest, context: Context
    ) -> AsyncIterator[pb.ReadTraceResponse]:
        """Stream what was captured and, when asked, what is captured from now on."""
        wanted = _filter(request.filter)
        async for event in self._trace.read(wanted, follow=request.follow):
            yield pb.ReadTraceResponse(event=self._encode_event(event))

    async def ListNames(
        self, request: pb.ListNamesRequest, context: Context
    ) -> pb.ListNamesResponse:
        """List host names with what they stand for."""
        ordered = sorted(self._names, key=lambda entry: entry.name)
        return pb.ListNamesResponse(names=map(encode_name, ordered))

    async def TestNetwork(
        self, request: pb.TestNetworkRequest, context: Context
    ) -> AsyncIterator[pb.TestNetworkResponse]:
        """Stream the probes of a test and its result."""
        async with aclosing(self._tests.run(request.target)) as steps:
            async for step in steps:
                yield encode_step(step, self._node.name)

    async def ListNetworkTests(
        self, request: pb.ListNetworkTestsRequest, context: Context
    ) -> pb.ListNetworkTestsResponse:
        """List the last tests, the newest first."""
        return pb.ListNetworkTestsResponse(
            tests=(encode_test(test, self._node.name) for test in self._tests.finished)
        )

    async def GetStatus(
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        """Return how this instance is."""
        return pb.GetStatusResponse(
            signaling_instance=self._node.name,
            calls=len(self._switch.calls),
            draining=self._switch.draining,
            cdrs_waiting=self._cdrs_waiting(),
            start_time=encode_time(self._node.start_time),
            tracing=self._trace.on,
            version=self._node.version,
        )

    async def Drain(self, request: pb.DrainRequest, context: Context) -> pb.DrainResponse:
        """Begin to drain."""
        self._drain()
        return pb.DrainResponse(calls=len(self._switch.calls))

    async def _figures_of(self, calls: Iterable[Call]) -> Mapping[str, MediaStatistics]:
        by_instance: dict[str, list[str]] = {}
        for call in calls:
            if call.media_instance:
                by_instance.setdefault(call.media_instance, []).append(call.id)
        return await self._figures(by_instance)

    def _call(self, call_id: str) -> Call:
        call = self._switch.calls.get(call_id)
        if call is None:
            raise UnknownCall(f"no such call in progress: {call_id}")
        return call

    def _encode_event(self, event: TraceEvent) -> pb.TraceEvent:
        message = pb.TraceEvent(
            time=encode_time(event.time),
            call_id=event.call_id,
            signaling_instance=self._node.name,
            kind=_KINDS[event.kind],
            source=event.source,
            destination=event.destination,
            summary=event.summary,
            message=event.message,
            leg=event.leg,
            continues_in=event.continues_in,
        )
        if event.transport is not None:
            message.transport = TRANSPORTS[event.transport]
        return message


def _position(token: str) -> int:
    if not token:
        return 0
    if not token.isdigit():
        raise BadRequest(f"page_token {token!r} is not one that was returned")
    return int(token)


def _filter(wanted: pb.TraceFilter) -> TraceFilter:
    return TraceFilter(wanted.ip, wanted.number, wanted.call_id, wanted.method.upper())
