"""Gateways' present state as the contract spells it."""

from __future__ import annotations

from trunkline.routing.v1 import routing_pb2 as pb

from ..calls.status import Status
from .encode import endpoint_to_proto, target_to_proto
from .policies import duration_to_proto


def status_to_proto(status: Status) -> pb.GatewayStatus:
    """Return one gateway as it is now."""
    ratio = status.ratios.answer_ratio
    message = pb.GatewayStatus(
        endpoint=endpoint_to_proto(status.endpoint),
        calls=status.calls,
        capacity=status.limit or 0,
        answer_seizure_ratio=-1.0 if ratio is None else ratio,
        average_call_duration=duration_to_proto(status.ratios.mean_talk),
        reachable=status.reachable,
        locked=status.locked,
        targets=map(target_to_proto, status.targets),
        published_calls=status.published,
    )
    if status.disabled_until is not None:
        message.disabled_until_time.FromDatetime(status.disabled_until)
    return message
