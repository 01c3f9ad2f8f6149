"""What auth tells the alarms and the outside: lock-outs, names, terminals (MGT-13, MGT-14)."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Final

from trunkline.common.v1 import common_pb2
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_kernel.names import Names
from trunkline_kernel.reporting import Reporter, unresolved

from .admission.failures import Suspension, SuspensionKind
from .identity import EndpointKind
from .observation import Observation
from .registrations import Binding

KINDS: Final = {
    EndpointKind.MAPPING_GATEWAY: common_pb2.ENDPOINT_KIND_MAPPING_GATEWAY,
    EndpointKind.ROUTING_GATEWAY: common_pb2.ENDPOINT_KIND_ROUTING_GATEWAY,
    EndpointKind.PHONE: common_pb2.ENDPOINT_KIND_PHONE,
}

MOST_LOGINS: Final = 100
"""Lock-outs that are alarms at once: who guesses makes up as many names as he likes."""


class Announcements:
    """Hears of terminals and suspensions, shows them, and tells who wants to know."""

    def __init__(
        self,
        observation: Observation,
        names: Names,
        reporter: Reporter,
    ) -> None:
        """`names` are those that gateways are given by."""
        self.suspensions: Collection[Suspension] = ()
        """Those that hold now."""
        self._observation = observation
        self._reporter = reporter
        reporter.watch(lambda: unresolved(names), self._logins)

    def came_online(self, binding: Binding) -> None:
        self._observation.came_online(binding)
        self._tell(binding, online=True)

    def went_offline(self, binding: Binding) -> None:
        self._observation.went_offline(binding)
        self._tell(binding, online=False)

    def suspended(self, suspension: Suspension) -> None:
        self._observation.suspended(suspension)
        self._reporter.stir()

    def _tell(self, binding: Binding, *, online: bool) -> None:
        received = binding.received
        phone = pb.PhoneOnline(
            endpoint=common_pb2.Endpoint(
                kind=KINDS[binding.endpoint.kind], name=binding.endpoint.name
            ),
            online=online,
            received=common_pb2.SocketAddress(ip=str(received.ip), port=received.port),
            user_agent=binding.user_agent,
        )
        self._reporter.send(pb.Notice(phone_online=phone))

    def _logins(self) -> Iterator[pb.ReportedCondition]:
        logins = (one for one in self.suspensions if one.key.kind is SuspensionKind.LOGIN)
        for suspension in islice(logins, MOST_LOGINS):
            until = suspension.until.isoformat(timespec="seconds")
            yield pb.ReportedCondition(
                type=pb.CONDITION_TYPE_LOGIN_DISABLED,
                object=suspension.key.identity,
                holds=True,
                evidence=f"too many wrong passwords; disabled until {until}",
            )
