"""What a service sees of the calls it makes."""

from typing import Final

from prometheus_client import Counter, Histogram

from ..metrics import Metrics

OK: Final = "OK"


class ClientMetrics:
    """Counts and times calls by method and status. Channels of one service share it."""

    def __init__(self, metrics: Metrics) -> None:
        self._counter = metrics.counter(
            "rpc_client_calls", "Calls made, by method and status.", ["method", "code"]
        )
        self._histogram = metrics.histogram(
            "rpc_client_duration_seconds", "Time from call to reply, repeats included.", ["method"]
        )
        self._counts: dict[tuple[str, str], Counter] = {}
        self._times: dict[str, Histogram] = {}

    def observe(self, method: str, code: str, seconds: float) -> None:
        """Count one ended call."""
        count = self._counts.get((method, code))
        if count is None:
            count = self._counts[method, code] = self._counter.labels(method, code)
        count.inc()
        time = self._times.get(method)
        if time is None:
            time = self._times[method] = self._histogram.labels(method)
        time.observe(seconds)
