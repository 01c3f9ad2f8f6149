"""Which gateways are out of reach, for the alarms (SIG-02, SIG-16, MGT-13)."""

from __future__ import annotations

from typing import Final

from trunkline.common.v1 import reports_pb2 as pb
from trunkline_kernel.reporting import Reporter

from .shell import probes, registrations
from .shell.ports import ReachObserver

TYPES: Final = {
    probes.WAY: pb.CONDITION_TYPE_GATEWAY_UNREACHABLE,
    registrations.WAY: pb.CONDITION_TYPE_NOT_REGISTERED,
}


class ReachConditions:
    """Satisfies `ReachObserver`: remembers what it hears, and passes it on."""

    def __init__(self, then: ReachObserver, reporter: Reporter) -> None:
        self._then = then
        self._reporter = reporter
        self._known: dict[tuple[str, str], pb.ReportedCondition] = {}
        reporter.watch(self._known.values)

    def gateway_changed(self, name: str, way: str, reachable: bool, explanation: str) -> None:
        """Remember how it is now."""
        self._known[name, way] = pb.ReportedCondition(
            type=TYPES[way],
            object=name,
            holds=not reachable,
            evidence="" if reachable else explanation,
        )
        self._then.gateway_changed(name, way, reachable, explanation)
        self._reporter.stir()

    def gateway_forgotten(self, name: str, way: str) -> None:
        """Say nothing of it any more."""
        self._known.pop((name, way), None)
        self._then.gateway_forgotten(name, way)
        self._reporter.stir()
