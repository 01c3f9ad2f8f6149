"""One trace for each call, over services that know nothing of each other."""

import contextlib
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from trunkline.auth.v1.auth_pb2 import DESCRIPTOR, LocateRequest, LocateResponse
from trunkline.auth.v1.auth_pb2_grpc import (
    AuthServiceServicer,
    add_AuthServiceServicer_to_server,
)
from trunkline_kernel.faults import NotFound, TrunklineError
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.otlp import OpenTelemetrySpans
from trunkline_kernel.rpc import Dispatcher, InProcessChannel, method_of
from trunkline_kernel.tracing import root_span_id, trace_id

LOCATE = method_of(
    DESCRIPTOR.services_by_name["AuthService"], "Locate", LocateRequest, LocateResponse
)


class Auth(AuthServiceServicer):
    async def Locate(self, request: LocateRequest, context: Any) -> LocateResponse:
        if request.endpoint.name == "nobody":
            raise NotFound("nobody")
        return LocateResponse()


class Collector:
    """Services whose spans end in one memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.spans: list[OpenTelemetrySpans] = []

    def spans_of(self, service: str, ratio: float = 1.0) -> OpenTelemetrySpans:
        self.spans.append(OpenTelemetrySpans(service, self.exporter, ratio))
        return self.spans[-1]

    def collected(self) -> list[Any]:
        for each in self.spans:
            each._provider.force_flush()
        return list(self.exporter.get_finished_spans())


async def test_what_services_answer_for_a_call_is_one_trace_under_the_call() -> None:
    collector = Collector()
    dispatcher = Dispatcher(Metrics("auth"))
    dispatcher.add(add_AuthServiceServicer_to_server, Auth())  # type: ignore[abstract]
    dispatcher.spans = collector.spans_of("auth")
    signaling = collector.spans_of("signaling")

    await InProcessChannel(dispatcher).call(LOCATE, LocateRequest(), timeout=1, call_id="call-1")
    signaling.ended("call-1", 1000.0, 1010.5, {"reason": "caller_hangup"})

    rpc, call = collector.collected()
    assert {f"{each.context.trace_id:032x}" for each in (rpc, call)} == {trace_id("call-1")}
    assert f"{call.context.span_id:016x}" == root_span_id("call-1")
    assert (call.parent, rpc.parent.span_id) == (None, call.context.span_id)
    assert rpc.name == "trunkline.auth.v1.AuthService/Locate"
    assert rpc.resource.attributes["service.name"] == "trunkline-auth"
    assert call.end_time - call.start_time == 10_500_000_000


async def test_a_failure_is_an_error_in_the_trace() -> None:
    collector = Collector()
    dispatcher = Dispatcher(Metrics("auth"))
    dispatcher.add(add_AuthServiceServicer_to_server, Auth())  # type: ignore[abstract]
    dispatcher.spans = collector.spans_of("auth")
    request = LocateRequest()
    request.endpoint.name = "nobody"

    with contextlib.suppress(TrunklineError):
        await InProcessChannel(dispatcher).call(LOCATE, request, timeout=1, call_id="call-1")

    (span,) = collector.collected()
    assert not span.status.is_ok


async def test_what_belongs_to_no_call_is_in_no_trace() -> None:
    collector = Collector()
    dispatcher = Dispatcher(Metrics("auth"))
    dispatcher.add(add_AuthServiceServicer_to_server, Auth())  # type: ignore[abstract]
    dispatcher.spans = collector.spans_of("auth")

    await InProcessChannel(dispatcher).call(LOCATE, LocateRequest(), timeout=1, call_id="")

    assert collector.collected() == []


def test_every_service_traces_the_same_share_of_the_calls() -> None:
    collector = Collector()
    one, other = (collector.spans_of(name, 0.5) for name in ("signaling", "auth"))
    for number in range(200):
        one.ended(f"call-{number}", 0.0, 1.0, {})
        other.answered(f"call-{number}", "/a/B", 0, 0.1)

    spans = collector.collected()
    calls = {each.context.trace_id for each in spans if each.name == "call"}
    assert calls == {each.context.trace_id for each in spans if each.name != "call"}
    assert 60 < len(calls) < 140
