"""Which calls in progress a filter means (MGT-09)."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.signaling.v1 import signaling_pb2 as pb

from ..calls.call import Call
from ..errors import BadRequest
from .calls import state_of


class CallSelection:
    """A filter as it is compared. Raises `BadRequest` for a state that is none."""

    def __init__(self, wanted: pb.CallFilter) -> None:
        if pb.CALL_STATE_UNSPECIFIED in wanted.states:
            raise BadRequest("filter.states: expected states of calls, not UNSPECIFIED")
        self._wanted = wanted
        self._states = frozenset(wanted.states)
        self._from = _seconds(wanted, "setup_from_time")
        self._until = _seconds(wanted, "setup_until_time")

    def takes(self, call: Call) -> bool:
        """Tell whether a call is meant."""
        wanted, cdr = self._wanted, call.cdr
        if self._states and state_of(call) not in self._states:
            return False
        if self._from is not None and cdr.setup_time < self._from:
            return False
        if self._until is not None and cdr.setup_time >= self._until:
            return False
        if wanted.number and wanted.number not in _numbers(call):
            return False
        endpoints = (cdr.caller_endpoint, cdr.callee_endpoint)
        names = [endpoint.name for endpoint in endpoints if endpoint is not None]
        if wanted.endpoint and wanted.endpoint not in names:
            return False
        return not wanted.account or wanted.account == cdr.account


def _numbers(call: Call) -> tuple[str, ...]:
    cdr = call.cdr
    return (
        cdr.caller_access,
        cdr.callee_access,
        cdr.caller,
        cdr.callee,
        cdr.caller_to_gateway,
        cdr.callee_to_gateway,
    )


def _seconds(wanted: pb.CallFilter, field: str) -> float | None:
    if not wanted.HasField(field):  # type: ignore[arg-type]
        return None
    time: Timestamp = getattr(wanted, field)
    return time.seconds + time.nanos / 1e9
