"""What operators need a right for in signaling, besides documents and parameters (MGT-12)."""

from collections.abc import Mapping
from typing import Final

from trunkline.signaling.v1 import signaling_pb2 as pb
from trunkline_kernel.rights import Action, Rule


def _hang_up(request: pb.HangUpRequest) -> Action:
    return Action("calls", tuple(f"Call/{id}" for id in request.call_ids) or ("Call",))


def _trace(request: object) -> Action:
    return Action("traces", ("Trace",))


def _drain(request: pb.DrainRequest) -> Action:
    return Action("services", ("Service/signaling",))


def _test_network(request: pb.TestNetworkRequest) -> Action:
    return Action("gateways", (f"NetworkTest/{request.target}",))


GUARDS: Final[Mapping[str, Rule]] = {
    "/trunkline.signaling.v1.SignalingService/HangUp": _hang_up,
    "/trunkline.signaling.v1.SignalingService/StartTrace": _trace,
    "/trunkline.signaling.v1.SignalingService/StopTrace": _trace,
    "/trunkline.signaling.v1.SignalingService/TestNetwork": _test_network,
    "/trunkline.signaling.v1.SignalingService/Drain": _drain,
}
