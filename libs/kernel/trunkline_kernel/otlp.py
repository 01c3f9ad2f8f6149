"""Spans of calls as OpenTelemetry's SDK has them. Needs the extra `tracing`."""

import time
from typing import Final

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from .rpc.status import OK
from .tracing import Attributes, root_span_id, trace_id

SECOND: Final = 1_000_000_000
CALL_ID: Final = "trunkline.call_id"


class OpenTelemetrySpans:
    """Hands spans on to an exporter, in batches and from a thread of their own."""

    def __init__(self, service: str, exporter: SpanExporter, ratio: float = 1.0) -> None:
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": f"trunkline-{service}"}),
            sampler=TraceIdRatioBased(ratio),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("trunkline")

    def answered(self, call_id: str, method: str, code: int, seconds: float) -> None:
        """Take an RPC that was answered just now."""
        end = time.time_ns()
        span = self._tracer.start_span(
            method.removeprefix("/"),
            context=set_span_in_context(NonRecordingSpan(_whole_call(call_id))),
            kind=SpanKind.SERVER,
            attributes={CALL_ID: call_id, "rpc.grpc.status_code": code},
            start_time=end - int(seconds * SECOND),
        )
        if code != OK:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def ended(self, call_id: str, start: float, end: float, attributes: Attributes) -> None:
        """Take a whole call."""
        self._ids.given = _whole_call(call_id)
        span = self._tracer.start_span(
            "call", attributes={CALL_ID: call_id, **attributes}, start_time=int(start * SECOND)
        )
        self._ids.given = None
        span.end(int(end * SECOND))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Return what sends spans to the collector at `endpoint`, an http or https URL."""
    return OTLPSpanExporter(endpoint=endpoint, insecure=endpoint.startswith("http://"))


class _Ids(RandomIdGenerator):
    """Ids at random, but for the span that is a whole call."""

    given: SpanContext | None = None

    def generate_trace_id(self) -> int:
        return self.given.trace_id if self.given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        return self.given.span_id if self.given else super().generate_span_id()


def _whole_call(call_id: str) -> SpanContext:
    return SpanContext(
        int(trace_id(call_id), 16),
        int(root_span_id(call_id), 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
