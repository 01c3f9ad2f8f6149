"""How values spread over buckets: plain numbers of one event loop, read when Prometheus asks.

The locks of its own histograms cost more than the sums.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily


class Spread:
    """How many values lie up to each bound and above the one before."""

    __slots__ = ("_bounds", "_buckets", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._buckets[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def show(self, family: HistogramMetricFamily, labels: Mapping[str, str], begun: float) -> None:
        """Add the figures as they are now; they are counted since `begun`, UNIX seconds."""
        bounds = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        totals = zip(bounds, accumulate(self._buckets), strict=True)
        family.add_metric(list(labels.values()), list(totals), self._sum)
        family.add_sample(f"{family.name}_created", dict(labels), begun)
