"""Calls whose sides could not hear each other: told by metric and log."""

import pytest
from structlog.testing import capture_logs
from trunkline_kernel.metrics import Metrics
from trunkline_signaling.calls.audibility import Defect, defect_of
from trunkline_signaling.calls.cdr import Cdr, MediaStatistics, StreamStatistics
from trunkline_signaling.observation import Observation
from trunkline_signaling.trace.ring import Trace


def call(from_a: int, from_b: int, talk: float = 60, *, relayed: bool = True) -> Cdr:
    """Return the CDR of an answered call, by the packets that came from its sides."""
    cdr = Cdr("call-1", "signaling-1", "x", ("192.0.2.1", 5060), 0.0)
    cdr.answer_time, cdr.end_time = 1.0, 1.0 + talk
    if relayed:
        cdr.media = MediaStatistics(StreamStatistics(from_a), StreamStatistics(from_b))
    return cdr


@pytest.mark.parametrize(
    ("cdr", "defect"),
    [
        pytest.param(call(50, 50), None, id="both are heard"),
        pytest.param(call(50, 0), Defect.NOTHING_FROM_B, id="one-way, callee silent"),
        pytest.param(call(0, 50), Defect.NOTHING_FROM_A, id="one-way, caller silent"),
        pytest.param(call(0, 0), Defect.DEAD_AIR, id="dead air"),
        pytest.param(call(0, 0, talk=4), None, id="too short to tell"),
        pytest.param(call(0, 0, relayed=False), None, id="not relayed"),
    ],
)
def test_the_audio_of_a_call_is_judged_by_its_packets(cdr: Cdr, defect: Defect | None) -> None:
    assert defect_of(cdr) is defect


def test_a_call_without_audio_is_counted_and_logged() -> None:
    metrics = Metrics("signaling")
    observation = Observation(metrics, Trace(1000, lambda: 0.0))

    with capture_logs() as lines:
        observation.call_ended(call(50, 0), "call-1")

    labels = {"defect": "nothing_from_b"}
    name = "trunkline_signaling_calls_inaudible_total"
    assert metrics.registry.get_sample_value(name, labels) == 1
    assert (lines[0]["call_id"], lines[0]["defect"]) == ("call-1", Defect.NOTHING_FROM_B.value)
