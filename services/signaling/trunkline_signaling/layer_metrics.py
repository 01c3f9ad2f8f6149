"""Figures that the SIP layers and the outbox count by themselves, read when Prometheus asks."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .observation import Observation
from .outbox.delivery import Delivery
from .shell.network import SipNetwork
from .shell.ports import Clock
from .shell.switch import Switch
from .trace.collector import Collector as HepCollector

_PREFIX = "trunkline_signaling"


class LayerMetrics(Collector):
    """Register it with the service's registry."""

    def __init__(
        self,
        switch: Switch,
        network: SipNetwork,
        delivery: Delivery,
        observation: Observation,
        clock: Clock,
    ) -> None:
        self._switch = switch
        self._observation = observation
        self._network = network
        self._delivery = delivery
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        layer, transport = self._switch.transactions.counters, self._network.counters
        yield self._messages()
        yield _counter("sip_copies_received", "Retransmissions absorbed.", layer.copies_received)
        yield _counter("sip_timeouts", "Transactions nobody answered.", layer.timeouts)
        yield _counter("sip_malformed", "Messages with a defect.", layer.malformed)
        yield _counter("sip_not_sip", "Datagrams that are no SIP.", layer.not_sip)
        yield _counter(
            "sip_stray_responses", "Responses to nothing of ours.", layer.stray_responses
        )
        yield _counter("sip_datagrams_dropped", "Datagrams not sent.", transport.datagrams_dropped)
        yield _counter(
            "sip_rate_limited",
            "Messages and connections dropped unread: their source sends too many.",
            transport.limited,
        )
        yield _gauge(
            "sip_bytes_waiting",
            "Bytes of datagrams that wait to be received, the kernel's own included.",
            self._network.waiting,
        )
        yield _counter(
            "calls_turned_away",
            "New calls refused because datagrams stood in line.",
            self._switch.overload.refused,
        )
        yield _gauge(
            "sip_connections", "TCP, TLS and WebSocket connections.", transport.connections
        )
        yield _counter(
            "sip_handshakes_failed", "TLS handshakes that failed.", transport.handshakes_failed
        )
        if (expiry := self._network.certificates.expiry) is not None:
            yield _gauge(
                "sip_certificate_expiry_timestamp_seconds",
                "When the certificate of SIP over TLS expires, UNIX seconds.",
                expiry,
            )
        yield _gauge("sip_transactions", "Transactions now.", len(self._switch.transactions))
        yield _gauge("sip_dialogs", "Dialogs now.", self._switch.dialogs)
        yield _gauge("cdrs_waiting", "CDRs that billing hasn't got.", self._delivery.depth)
        yield _gauge(
            "cdrs_waiting_age_seconds",
            "How long the oldest of them waits.",
            self._delivery.age(self._clock.now()),
        )

    def _messages(self) -> Metric:
        family = CounterMetricFamily(
            f"{_PREFIX}_sip_messages",
            "SIP messages by method or status.",
            labels=["direction", "message"],
        )
        directions = {"received": self._observation.received, "sent": self._observation.sent}
        for direction, counts in directions.items():
            for message, count in counts.by_message().items():
                family.add_metric([direction, message], count)
        return family


class CollectorMetrics(Collector):
    """What went to the HEP collector."""

    def __init__(self, collector: HepCollector) -> None:
        self._collector = collector

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now."""
        yield _counter("hep_sent", "Messages sent to the HEP collector.", self._collector.sent)
        yield _counter(
            "hep_dropped", "Messages it didn't get: it was away.", self._collector.dropped
        )


def _counter(what: str, meaning: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(f"{_PREFIX}_{what}", meaning, value=value)


def _gauge(what: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{what}", meaning, value=value)
