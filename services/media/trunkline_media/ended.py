"""What ended sessions carried, as Prometheus is told. Sums only: never a label per call.

Plain numbers of one event loop, which Prometheus reads when it asks: a session changes a dozen, and
the locks of its own counters cost more than the sums.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from trunkline_kernel.metrics import Metrics
from trunkline_kernel.spread import Spread

from .domain.events import DROP_REASONS, SessionStatistics, StreamStatistics

MOS_BUCKETS: Final = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.2, 4.5)
JITTER_BUCKETS: Final = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
SECOND: Final = timedelta(seconds=1)


class EndedSessions(Collector):
    """Counts sessions that have ended."""

    def __init__(self, metrics: Metrics) -> None:
        self._prefix = f"trunkline_{metrics.service}"
        self._begun = time.time()
        self._packets = self._lost = self._reordered = 0
        self._dropped = dict.fromkeys(DROP_REASONS, 0)
        self._silent = self._one_way = 0
        self._mos = Spread(MOS_BUCKETS)
        self._jitter = Spread(JITTER_BUCKETS)
        metrics.registry.register(self)

    def count(self, session: SessionStatistics) -> None:
        """Count one session."""
        self._count(session.leg_a)
        self._count(session.leg_b)
        silent = (not session.leg_a.packets) + (not session.leg_b.packets)
        self._silent += silent
        self._one_way += silent == 1

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        yield self._counter("received_packets", "RTP packets of ended sessions.", self._packets)
        yield self._counter("lost_packets", "Packets that never came, by RFC 3550 A.3.", self._lost)
        yield self._counter("reordered_packets", "Packets that came out of order.", self._reordered)
        dropped = CounterMetricFamily(
            f"{self._prefix}_dropped_packets", "Datagrams that were not relayed.", labels=["reason"]
        )
        for reason, count in self._dropped.items():
            dropped.add_metric([reason], count, self._begun)
        yield dropped
        yield self._counter(
            "silent_streams", "Legs of ended sessions that sent nothing.", self._silent
        )
        yield self._counter(
            "one_way_sessions", "Ended sessions with one silent leg.", self._one_way
        )
        yield self._histogram("mos", "E-model score of ended streams (G.107).", self._mos)
        yield self._histogram(
            "jitter_seconds", "Jitter at the end of streams (RFC 3550).", self._jitter
        )

    def _count(self, stream: StreamStatistics) -> None:
        for reason, count in stream.dropped.items():
            self._dropped[reason] += count
        self._packets += stream.packets
        self._lost += stream.packets_lost
        self._reordered += stream.packets_reordered
        if stream.packets:
            self._mos.observe(stream.mos)
            self._jitter.observe(stream.jitter / SECOND)

    def _counter(self, what: str, meaning: str, value: int) -> CounterMetricFamily:
        name = f"{self._prefix}_{what}"
        return CounterMetricFamily(name, meaning, value=value, created=self._begun)

    def _histogram(self, what: str, meaning: str, spread: Spread) -> HistogramMetricFamily:
        family = HistogramMetricFamily(f"{self._prefix}_{what}", meaning)
        spread.show(family, {}, self._begun)
        return family
