"""What Prometheus is told of calls that nobody can hear, and of those that have ended."""

from datetime import timedelta

import pytest
from support.rtp import LOOPBACK, free_port_range
from trunkline_engine import Engine
from trunkline_kernel.metrics import Metrics
from trunkline_media.domain.events import (
    DROP_REASONS,
    AudioWentMissing,
    SessionStatistics,
    StreamStatistics,
)
from trunkline_media.domain.legs import MediaCheck
from trunkline_media.observation import Observation


@pytest.mark.parametrize(
    ("direction", "dead_air", "kind"),
    [
        (MediaCheck.RECEIVED, False, "one_way"),
        (MediaCheck.RECEIVED, True, "dead_air"),
        (MediaCheck.SENT, False, "undelivered"),
    ],
)
def test_audio_that_goes_missing_is_counted_by_kind(
    direction: MediaCheck, dead_air: bool, kind: str
) -> None:
    metrics = Metrics("media")
    observation = Observation(metrics, Engine([LOOPBACK], *free_port_range(1)))

    observation.happened(AudioWentMissing(direction, timedelta(seconds=10), dead_air))

    value = metrics.registry.get_sample_value
    assert value("trunkline_media_missing_audio_total", {"kind": kind}) == 1


def stream(packets: int, lost: int = 0, strangers: int = 0) -> StreamStatistics:
    """Return what a leg has sent, with 3 ms of jitter and a score of 4.2."""
    return StreamStatistics(
        packets=packets,
        bytes=160 * packets,
        packets_lost=lost,
        jitter=timedelta(milliseconds=3),
        packets_reordered=1,
        dropped=dict.fromkeys(DROP_REASONS, 0) | {"stranger": strangers},
        round_trip=None,
        mos=4.2,
        last_packet_time=None,
    )


def test_ended_sessions_are_added_up() -> None:
    metrics = Metrics("media")
    observation = Observation(metrics, Engine([LOOPBACK], *free_port_range(1)))

    observation.session_ended(SessionStatistics(stream(100, lost=2), stream(50, strangers=3)))
    observation.session_ended(SessionStatistics(stream(10), stream(0)))
    observation.session_ended(SessionStatistics(stream(0), stream(0)))

    def value(what: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"trunkline_media_{what}", labels)

    assert (value("received_packets_total"), value("lost_packets_total")) == (160, 2)
    assert value("reordered_packets_total") == 6
    assert value("dropped_packets_total", reason="stranger") == 3
    assert value("dropped_packets_total", reason="malformed") == 0
    assert (value("silent_streams_total"), value("one_way_sessions_total")) == (3, 1)
    assert [value("mos_bucket", le=le) for le in ("4.0", "4.2", "+Inf")] == [0, 3, 3]
    assert [value("jitter_seconds_bucket", le=le) for le in ("0.001", "0.005")] == [0, 3]
    assert value("jitter_seconds_sum") == pytest.approx(0.009)
