"""Which gateways can be reached, for metrics and log (SIG-02, SIG-16)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from trunkline_kernel.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

LABELS: Final = ("gateway", "way")


class ReachMetrics:
    """Satisfies `ReachObserver`. Labels are names of configured gateways."""

    def __init__(self, metrics: Metrics, changed: Callable[[], None]) -> None:
        """`changed` is called after each change."""
        self._changed = changed
        self._reachable = metrics.gauge(
            "gateway_reachable", "Whether a gateway can be reached: 1 or 0, by way.", LABELS
        )
        self._changes = metrics.counter(
            "gateway_changes", "Changes of it, and of why it can't be.", [*LABELS, "to"]
        )

    def gateway_changed(self, name: str, way: str, reachable: bool, explanation: str) -> None:
        """Count, show and log a change."""
        self._reachable.labels(name, way).set(float(reachable))
        self._changes.labels(name, way, "reachable" if reachable else "unreachable").inc()
        if reachable:
            log.info("gateway can be reached", gateway=name, way=way)
        else:
            log.warning("gateway can't be reached", gateway=name, way=way, reason=explanation)
        self._changed()

    def gateway_forgotten(self, name: str, way: str) -> None:
        """Show it no more."""
        with suppress(KeyError):  # it was never seen
            self._reachable.remove(name, way)
        self._changed()
