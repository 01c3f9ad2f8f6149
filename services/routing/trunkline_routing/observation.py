"""What operators see of routing: decisions and their time, refusals, seats against capacity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from trunkline_kernel.metrics import Metrics

from .calls.decision import Decision
from .calls.refusals import Refusal
from .view import View

DECISION_BUCKETS: Final = (
    0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1,
)  # fmt: skip
"""Seconds. A decision takes some hundred microseconds; a look-up of a ported number longer."""


class Observation:
    """Metrics of decisions; gauges of seats are read when they are asked for."""

    def __init__(self, metrics: Metrics) -> None:
        self._routes = metrics.counter("routes", "Calls routed.", ["outcome"])
        self._refusals = metrics.counter("refusals", "Calls refused, by end reason.", ["reason"])
        self._switches = metrics.counter("switches", "Further candidates asked for.", ["outcome"])
        self._seconds = metrics.histogram(
            "decision_seconds", "Time of one decision.", ["act"], buckets=DECISION_BUCKETS
        )
        self._seats = metrics.gauge(
            "seats_in_use", "Calls in progress on an object.", ["kind", "name"]
        )
        self._capacity = metrics.gauge(
            "seats_capacity", "Calls that an object may have.", ["kind", "name"]
        )
        self._rates = metrics.gauge("rates", "Rates that are known.")

    @contextmanager
    def deciding(self, act: str) -> Iterator[None]:
        """Take the time of one decision."""
        start = perf_counter()
        yield
        self._seconds.labels(act).observe(perf_counter() - start)

    def routed(self, decision: Decision) -> None:
        """Count a routed or refused call."""
        if isinstance(decision.outcome, Refusal):
            self._routes.labels("refused").inc()
            self._refusals.labels(decision.outcome.reason).inc()
        else:
            self._routes.labels("routed").inc()

    def switched(self, *, found: bool) -> None:
        """Count a further candidate, or that none was left."""
        self._switches.labels("candidate" if found else "exhausted").inc()

    def look(self, view: View, rates: int) -> None:
        """Refresh the gauges: seats of gateways and mapping gateways, rates."""
        self._rates.set(rates)
        self._seats.clear()
        self._capacity.clear()
        snapshot = view.snapshot
        claims = [(each.endpoint, each.claims[0]) for each in snapshot.gateways.values()]
        claims += [(each.endpoint, each.claims[-1]) for each in snapshot.callers.values()]
        for endpoint, claim in claims:
            calls = view.seats.calls(claim.key)
            if claim.limit is not None:
                self._capacity.labels(endpoint.kind, endpoint.name).set(claim.limit)
            if calls or claim.limit is not None:
                self._seats.labels(endpoint.kind, endpoint.name).set(calls)
