"""Figures of calls, as Prometheus' own counters and histograms would show them."""

import re

import pytest
from prometheus_client import Histogram
from trunkline_kernel.metrics import RPC_BUCKETS, Metrics
from trunkline_kernel.rpc.call_metrics import OK, ClientMetrics, ServerMetrics

ENDED = [(OK, 0.0001), (OK, 0.0005), (OK, 0.3), ("NOT_FOUND", 0.0007), (OK, 7.0)]
"""One on a bucket's bound, one beyond the last."""


def without_times(text: bytes) -> list[str]:
    """Return the lines but for the moments at which figures were first seen."""
    return [re.sub(r"(_created\{.*\}) .*", r"\1", line) for line in text.decode().splitlines()]


def test_they_read_as_counters_and_histograms_do() -> None:
    ours, theirs = Metrics("auth"), Metrics("auth")
    calls = ClientMetrics(ours).of("/Admit")
    counter = theirs.counter(
        "rpc_client_calls", "Calls made, by method and status.", ["method", "code"]
    )
    histogram: Histogram = theirs.histogram(
        "rpc_client_duration_seconds", "Time from call to reply, repeats included.", ["method"]
    )

    for code, seconds in ENDED:
        calls.observe(code, seconds)
        counter.labels("/Admit", code).inc()
        histogram.labels("/Admit").observe(seconds)

    assert without_times(ours.render()) == without_times(theirs.render())


def test_a_method_is_shown_before_its_first_call() -> None:
    metrics = Metrics("auth")

    ServerMetrics(metrics).of("/Admit")

    bucket = f'trunkline_auth_rpc_server_duration_seconds_bucket{{le="{RPC_BUCKETS[0]}"'
    assert f'{bucket},method="/Admit"}} 0.0' in metrics.render().decode()


def test_a_side_of_a_service_is_counted_once() -> None:
    metrics = Metrics("auth")
    ClientMetrics(metrics)

    with pytest.raises(ValueError, match="Duplicated"):
        ClientMetrics(metrics)
