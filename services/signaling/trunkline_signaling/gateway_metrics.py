"""Ended calls by gateway: what ASR, ACD, PDD, MOS and loss of customers and vendors come from.

Labels are names of configured gateways; phones, of which there are many, share one.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

from prometheus_client import Counter, Histogram
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
        self._families = _Families(metrics)
        self._figures: dict[tuple[str, str], _Figures] = {}

    def call_ended(self, cdr: Cdr) -> None:
        """Count a call that has its CDR."""
        answered = cdr.answer_time is not None
        talk = cdr.talk.total_seconds()
        caller = self._of(CUSTOMER, cdr.caller_endpoint) if cdr.caller_endpoint else None
        callee = self._of(VENDOR, cdr.callee_endpoint) if cdr.callee_endpoint else None
        if caller is not None:
            caller.ended(answered)
            caller.talk.inc(talk)
        for attempt in cdr.attempts:
            vendor = self._of(VENDOR, attempt.endpoint)
            vendor.ended(attempt.answered)
            if attempt.post_dial_delay is not None:
                delay = attempt.post_dial_delay.total_seconds()
                vendor.post_dial.observe(delay)
                if caller is not None and attempt is cdr.attempts[-1]:
                    caller.post_dial.observe(delay)
        if answered and callee is not None:
            callee.talk.inc(talk)
        if cdr.media is not None:
            if caller is not None:
                caller.streamed(cdr.media.leg_a)
            if callee is not None:
                callee.streamed(cdr.media.leg_b)

    def _of(self, side: str, endpoint: Endpoint) -> _Figures:
        gateway = PHONES if endpoint.kind is EndpointKind.PHONE else endpoint.name
        figures = self._figures.get((side, gateway))
        if figures is None:
            figures = self._figures[side, gateway] = _Figures(self._families, (side, gateway))
        return figures


class _Families:
    """The metrics of all gateways."""

    def __init__(self, metrics: Metrics) -> None:
        self.calls = metrics.counter(
            "gateway_calls", "Ended calls of customers, attempts at vendors.", [*LABELS, "outcome"]
        )
        self.talk = metrics.counter("gateway_talk_seconds", "Talk time.", LABELS)
        self.post_dial = metrics.histogram(
            "gateway_post_dial_delay_seconds",
            "INVITE out to the first 18x or final answer.",
            LABELS,
            POST_DIAL_BUCKETS,
        )
        self.packets = metrics.counter("gateway_received_packets", "RTP packets.", LABELS)
        self.lost = metrics.counter("gateway_lost_packets", "RTP packets that never came.", LABELS)
        self.mos = metrics.histogram(
            "gateway_mos", "E-model score of what a side sent.", LABELS, MOS_BUCKETS
        )


class _Figures:
    """Those of one side of one gateway; each is looked up, and shown, from its first use."""

    def __init__(self, families: _Families, labels: tuple[str, str]) -> None:
        self._families = families
        self._labels = labels

    def ended(self, answered: bool) -> None:
        """Count an ended call or attempt."""
        (self._answered if answered else self._failed).inc()

    def streamed(self, stream: StreamStatistics) -> None:
        """Count what the side sent."""
        self._packets.inc(stream.packets)
        self._lost.inc(stream.packets_lost)
        if stream.packets:
            self._mos.observe(stream.mos)

    @cached_property
    def talk(self) -> Counter:
        """Seconds of talk."""
        return self._families.talk.labels(*self._labels)

    @cached_property
    def post_dial(self) -> Histogram:
        """Post-dial delays."""
        return self._families.post_dial.labels(*self._labels)

    @cached_property
    def _answered(self) -> Counter:
        return self._families.calls.labels(*self._labels, "answered")

    @cached_property
    def _failed(self) -> Counter:
        return self._families.calls.labels(*self._labels, "failed")

    @cached_property
    def _packets(self) -> Counter:
        return self._families.packets.labels(*self._labels)

    @cached_property
    def _lost(self) -> Counter:
        return self._families.lost.labels(*self._labels)

    @cached_property
    def _mos(self) -> Histogram:
        return self._families.mos.labels(*self._labels)
