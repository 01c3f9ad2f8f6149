"""Prometheus metrics of the media service. Sums over sessions only: never a label per call."""

import structlog
from trunkline_engine import Engine
from trunkline_kernel.metrics import Metrics

from .domain.events import AudioWentMissing, Happening, SessionStatistics
from .domain.legs import MediaCheck
from .ended import EndedSessions

log = structlog.stdlib.get_logger(__name__)


class Observation:
    """What the engine does now, and what ended sessions carried."""

    def __init__(self, metrics: Metrics, engine: Engine) -> None:
        self._ended = EndedSessions(metrics)
        self._missing = metrics.counter(
            "missing_audio",
            "Times that audio due in an answered call went missing: one_way, dead_air (counted on"
            " both legs), or undelivered when it came and could not be sent on.",
            ["kind"],
        )
        _watch(metrics, engine)
        _tell_codecs(metrics, engine)

    def happened(self, happening: Happening) -> None:
        """Count what is wrong with a session that lasts."""
        if isinstance(happening, AudioWentMissing):
            self._missing.labels(_kind(happening)).inc()

    def session_ended(self, statistics: SessionStatistics) -> None:
        """Count an ended session."""
        self._ended.count(statistics)


def _kind(missing: AudioWentMissing) -> str:
    if missing.direction is MediaCheck.SENT:
        return "undelivered"
    return "dead_air" if missing.dead_air else "one_way"


def _tell_codecs(metrics: Metrics, engine: Engine) -> None:
    """Say which codecs can be converted, and what to install for the others."""
    available = metrics.gauge(
        "codec_available", "Whether a codec can be converted: its library was found.", ["codec"]
    )
    for codec, found, package in engine.codecs():
        available.labels(codec).set(found)
        if not found and package:
            log.warning(
                "codec is not offered: its library is missing", codec=codec, install=package
            )


def _watch(metrics: Metrics, engine: Engine) -> None:
    sessions = metrics.gauge("sessions", "Open sessions.")
    sessions.set_function(lambda: engine.load().sessions)
    ports = metrics.gauge("port_pairs", "Pairs of ports in all; a session takes two.")
    ports.set_function(lambda: engine.load().pairs)
    free = metrics.gauge("free_port_pairs", "Pairs of ports neither used nor in quarantine.")
    free.set_function(lambda: engine.load().pairs_available)
    parked = metrics.gauge(
        "parked_port_pairs",
        "Pairs of ports of ended sessions whose sockets stay for new ones.",
    )
    parked.set_function(lambda: engine.load().pairs_parked)
    busy = metrics.gauge("busiest_thread_ratio", "Share of a core of the busiest relay thread.")
    busy.set_function(lambda: max(engine.load().busy))
    unrecorded = metrics.gauge("unrecorded_packets", "Packets lost to recordings by a slow disk.")
    unrecorded.set_function(lambda: engine.load().recording_lost)
    datagrams = metrics.gauge("relay_datagrams", "Datagrams received since the start.")
    datagrams.set_function(lambda: engine.load().datagrams)
    flows = metrics.gauge("kernel_flows", "Streams that the kernel relays now.")
    flows.set_function(lambda: engine.load().flows)
    offloaded = metrics.gauge(
        "kernel_datagrams", "Those of the datagrams that the kernel has relayed."
    )
    offloaded.set_function(lambda: engine.load().offloaded)
    passed_up = metrics.gauge(
        "kernel_passed_datagrams",
        "Datagrams by which a stream came back from the kernel: of another kind, or one too many"
        " to be counted in time.",
    )
    passed_up.set_function(lambda: engine.load().passed_up)
