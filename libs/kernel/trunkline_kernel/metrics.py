"""Prometheus metrics, named `trunkline_<service>_<what>_<unit>`.

One `Metrics` per service with a registry of its own, so that several services can live in one
process (simulation, co-located mode). Labels are bounded: never a call id, never a number.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

RPC_BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""Seconds. A hop takes under a millisecond; a SIP caller repeats itself after half a second."""

LAG_INTERVAL: Final = 0.1
"""Seconds between two looks at the event loop's lag."""


class Metrics:
    """The metrics of one service."""

    def __init__(self, service: str, registry: CollectorRegistry | None = None) -> None:
        self.service = service
        self.registry = registry or CollectorRegistry()
        self._prefix = f"trunkline_{service}"

    def counter(self, what: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """Return a counter; Prometheus adds `_total`."""
        return Counter(f"{self._prefix}_{what}", meaning, labels, registry=self.registry)

    def gauge(self, what: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
        """Return a gauge. `what` ends in its unit unless it counts things."""
        return Gauge(f"{self._prefix}_{what}", meaning, labels, registry=self.registry)

    def histogram(
        self,
        what: str,
        meaning: str,
        labels: Sequence[str] = (),
        buckets: Sequence[float] = RPC_BUCKETS,
    ) -> Histogram:
        """Return a histogram. `what` ends in its unit: `rpc_duration_seconds`."""
        return Histogram(
            f"{self._prefix}_{what}", meaning, labels, registry=self.registry, buckets=buckets
        )

    def describe_process(self) -> None:
        """Add memory, file descriptors and garbage collection. Once a process."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return the text that /metrics serves."""
        return generate_latest(self.registry)


async def watch_event_loop_lag(metrics: Metrics) -> None:
    """Export how late the event loop runs what is due. Never returns.

    A lag near the SIP timer T1 (500 ms) means that peers begin to repeat themselves.
    """
    histogram = metrics.histogram("event_loop_lag_seconds", "How late the event loop runs timers.")
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        histogram.observe(max(loop.time() - due, 0.0))
