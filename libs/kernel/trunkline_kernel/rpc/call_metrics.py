"""What a service sees of the calls it makes and of those it answers.

Plain numbers of one event loop, which Prometheus reads when it asks: the locks of its own counters
took a tenth of what a call costs.
"""

import time
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ..metrics import RPC_BUCKETS, Metrics
from ..spread import Spread

OK: Final = "OK"


class MethodCalls:
    """The ended calls of one method."""

    __slots__ = ("begun", "codes", "seconds", "seen")

    def __init__(self) -> None:
        self.begun = time.time()
        """Since when calls are timed, UNIX seconds."""
        self.codes: dict[str, int] = {}
        """How many ended with each status."""
        self.seen: dict[str, float] = {}
        """When each status first came, UNIX seconds."""
        self.seconds = Spread(RPC_BUCKETS)
        """How long they took."""

    def observe(self, code: str, seconds: float) -> None:
        """Count one ended call."""
        if code in self.codes:
            self.codes[code] += 1
        else:
            self.codes[code], self.seen[code] = 1, time.time()
        self.seconds.observe(seconds)


class CallMetrics(Collector):
    """Counts and times calls by method and status."""

    def __init__(self, metrics: Metrics, side: str, *, counted: str, timed: str) -> None:
        """`counted` and `timed` say what the figures of this side mean."""
        self._prefix = f"trunkline_{metrics.service}_rpc_{side}"
        self._counted = counted
        self._timed = timed
        self._methods: dict[str, MethodCalls] = {}
        metrics.registry.register(self)

    def of(self, method: str) -> MethodCalls:
        """Return the figures of a method; they are shown from now on."""
        calls = self._methods.get(method)
        if calls is None:
            calls = self._methods[method] = MethodCalls()
        return calls

    def describe(self) -> Iterator[Metric]:
        """Yield the families without figures: names are taken once."""
        yield self._counter()
        yield self._histogram()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        counter, histogram = self._counter(), self._histogram()
        for method, calls in self._methods.items():
            for code, count in calls.codes.items():
                counter.add_metric([method, code], count, calls.seen[code])
            calls.seconds.show(histogram, {"method": method}, calls.begun)
        yield counter
        yield histogram

    def _counter(self) -> CounterMetricFamily:
        name = f"{self._prefix}_calls"
        return CounterMetricFamily(name, self._counted, labels=["method", "code"])

    def _histogram(self) -> HistogramMetricFamily:
        name = f"{self._prefix}_duration_seconds"
        return HistogramMetricFamily(name, self._timed, labels=["method"])


class ClientMetrics(CallMetrics):
    """The calls a service makes. Its channels share it."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(
            metrics,
            "client",
            counted="Calls made, by method and status.",
            timed="Time from call to reply, repeats included.",
        )


class ServerMetrics(CallMetrics):
    """The calls a service answers."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(
            metrics,
            "server",
            counted="Calls answered, by method and status.",
            timed="Time from request to reply.",
        )
