"""Which gateways and names are out of reach, for the alarms (SIG-02, SIG-16, MGT-06, MGT-13)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from trunkline.common.v1 import reports_pb2 as pb
from trunkline_kernel.names import Names
from trunkline_kernel.reporting import unresolved

from .shell import probes, registrations
from .shell.ports import ReachObserver

TYPES: Final = {
    probes.WAY: pb.CONDITION_TYPE_GATEWAY_UNREACHABLE,
    registrations.WAY: pb.CONDITION_TYPE_NOT_REGISTERED,
}


class ReachConditions:
    """Satisfies `ReachObserver`: remembers what it hears, and passes it on."""

    def __init__(self, names: Names, then: ReachObserver, changed: Callable[[], None]) -> None:
        """`changed` is called after each change."""
        self._names = names
        self._then = then
        self._changed = changed
        self._known: dict[tuple[str, str], pb.ReportedCondition] = {}

    def gateway_changed(self, name: str, way: str, reachable: bool, explanation: str) -> None:
        """Remember how it is now."""
        self._known[name, way] = pb.ReportedCondition(
            type=TYPES[way],
            object=name,
            holds=not reachable,
            evidence="" if reachable else explanation,
        )
        self._then.gateway_changed(name, way, reachable, explanation)
        self._changed()

    def gateway_forgotten(self, name: str, way: str) -> None:
        """Say nothing of it any more."""
        self._known.pop((name, way), None)
        self._then.gateway_forgotten(name, way)
        self._changed()

    def conditions(self) -> Iterator[pb.ReportedCondition]:
        """Yield what is wrong, and what is right."""
        yield from self._known.values()
        yield from unresolved(self._names)
