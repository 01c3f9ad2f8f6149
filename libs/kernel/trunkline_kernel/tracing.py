"""A call's way through the services as one trace, for an OpenTelemetry collector.

The ids of a trace and of its root are made of the call's id, which every RPC carries already: so a
trace costs no byte on the wire, and nothing at all where it is off.
"""

import hashlib
from collections.abc import Mapping
from typing import Protocol

Attributes = Mapping[str, str | int | float]


class TracingMissing(Exception):
    """Tracing is asked for, and OpenTelemetry is not installed."""


class Spans(Protocol):
    """Takes spans of calls when they have ended."""

    def answered(self, call_id: str, method: str, code: int, seconds: float) -> None:
        """Take an RPC that was answered just now."""

    def ended(self, call_id: str, start: float, end: float, attributes: Attributes) -> None:
        """Take a whole call; `start` and `end` are UNIX seconds."""

    def close(self) -> None:
        """Send what is left. May block for seconds where the collector is away."""


def trace_id(call_id: str) -> str:
    """Return the id of a call's trace: 32 hexadecimal digits, as collectors show it."""
    return _digest(call_id)[:32]


def root_span_id(call_id: str) -> str:
    """Return the id of the span that is the whole call: 16 hexadecimal digits."""
    return _digest(call_id)[32:48]


def open_spans(service: str, endpoint: str, ratio: float) -> Spans:
    """Return spans that go to the collector at `endpoint`, an http or https URL, by OTLP over gRPC.

    Of all calls the share `ratio` is traced, the same ones at every service. Raises
    `TracingMissing`.
    """
    try:
        from .otlp import OpenTelemetrySpans, otlp_exporter  # the extra `tracing`
    except ImportError:
        raise TracingMissing(
            "OTLP_ENDPOINT is set, and OpenTelemetry is not installed: trunkline-kernel[tracing]"
        ) from None
    return OpenTelemetrySpans(service, otlp_exporter(endpoint), ratio)


def _digest(call_id: str) -> str:
    return hashlib.sha256(call_id.encode("utf-8", "surrogateescape")).hexdigest()
