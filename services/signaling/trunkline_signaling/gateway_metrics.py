"""Ended calls by gateway: what ASR, ACD, PDD, MOS and loss of customers and vendors come from.

Labels are names of configured gateways; phones, of which there are many, share one.
"""

from __future__ import annotations

from typing import Final

from trunkline_kernel.metrics import Metrics

from .calls.cdr import Cdr, StreamStatistics
from .calls.parties import Endpoint, EndpointKind

LABELS: Final = ("side", "gateway")
CUSTOMER: Final = "customer"
VENDOR: Final = "vendor"
PHONES: Final = "phones"

POST_DIAL_BUCKETS: Final = (0.5, 1, 2, 3, 5, 8, 13, 20)
MOS_BUCKETS: Final = (2.0, 3.0, 3.5, 4.0, 4.3)


class GatewayMetrics:
    """Counts every ended call for its caller's gateway and each attempt for its vendor."""

    def __init__(self, metrics: Metrics) -> None:
        self._calls = metrics.counter(
            "gateway_calls", "Ended calls of customers, attempts at vendors.", [*LABELS, "outcome"]
        )
        self._talk = metrics.counter("gateway_talk_seconds", "Talk time.", LABELS)
        self._post_dial = metrics.histogram(
            "gateway_post_dial_delay_seconds",
            "INVITE out to the first 18x or final answer.",
            LABELS,
            POST_DIAL_BUCKETS,
        )
        self._packets = metrics.counter("gateway_received_packets", "RTP packets.", LABELS)
        self._lost = metrics.counter("gateway_lost_packets", "RTP packets that never came.", LABELS)
        self._mos = metrics.histogram(
            "gateway_mos", "E-model score of what a side sent.", LABELS, MOS_BUCKETS
        )

    def call_ended(self, cdr: Cdr) -> None:
        """Count a call that has its CDR."""
        answered = cdr.answer_time is not None
        if cdr.caller_endpoint is not None:
            self._ended(CUSTOMER, cdr.caller_endpoint, answered)
            self._talk.labels(*_labels(CUSTOMER, cdr.caller_endpoint)).inc(cdr.talk.total_seconds())
        for attempt in cdr.attempts:
            self._ended(VENDOR, attempt.endpoint, attempt.answered)
            if attempt.post_dial_delay is not None:
                delay = attempt.post_dial_delay.total_seconds()
                self._post_dial.labels(*_labels(VENDOR, attempt.endpoint)).observe(delay)
                if cdr.caller_endpoint is not None and attempt is cdr.attempts[-1]:
                    labels = _labels(CUSTOMER, cdr.caller_endpoint)
                    self._post_dial.labels(*labels).observe(delay)
        if answered and cdr.callee_endpoint is not None:
            self._talk.labels(*_labels(VENDOR, cdr.callee_endpoint)).inc(cdr.talk.total_seconds())
        if cdr.media is not None:
            self._streamed(CUSTOMER, cdr.caller_endpoint, cdr.media.leg_a)
            self._streamed(VENDOR, cdr.callee_endpoint, cdr.media.leg_b)

    def _ended(self, side: str, endpoint: Endpoint, answered: bool) -> None:
        outcome = "answered" if answered else "failed"
        self._calls.labels(*_labels(side, endpoint), outcome).inc()

    def _streamed(self, side: str, endpoint: Endpoint | None, stream: StreamStatistics) -> None:
        if endpoint is None:
            return
        labels = _labels(side, endpoint)
        self._packets.labels(*labels).inc(stream.packets)
        self._lost.labels(*labels).inc(stream.packets_lost)
        if stream.packets:
            self._mos.labels(*labels).observe(stream.mos)


def _labels(side: str, endpoint: Endpoint) -> tuple[str, str]:
    return side, PHONES if endpoint.kind is EndpointKind.PHONE else endpoint.name
