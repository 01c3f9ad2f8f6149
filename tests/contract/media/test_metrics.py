"""What Prometheus is told of calls that nobody can hear."""

from datetime import timedelta

import pytest
from support.rtp import LOOPBACK, free_port_range
from trunkline_engine import Engine
from trunkline_kernel.metrics import Metrics
from trunkline_media.domain.events import AudioWentMissing
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
