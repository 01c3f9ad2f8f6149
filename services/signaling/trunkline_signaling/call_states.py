"""Tells the outside where calls stand whose objects want it: `callStateReport` (MGT-14)."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.common.v1 import common_pb2
from trunkline.common.v1 import reports_pb2 as pb

from .calls.call import Call
from .calls.progress import Progress
from .calls.states import State
from .rpc.clients.shared import encode_endpoint

CALLING = "calling"
RINGING = "ringing"
ANSWERED = "answered"
ENDED = "ended"

Tell = Callable[[pb.Notice], None]


class CallStates:
    """What was told last of each call."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: dict[str, str] = {}

    def moved(self, call: Call) -> None:
        """Tell where a call stands, if that is wanted and new."""
        if not _is_wanted(call):
            return
        state = state_of(call)
        if state is not None and self._told.get(call.id) != state:
            self._told[call.id] = state
            self._tell(_notice(call, state))

    def forget(self, call_id: str) -> None:
        """Remember nothing of a call that is over."""
        self._told.pop(call_id, None)


def state_of(call: Call) -> str | None:
    """Return where a call stands in the words of notices; None where they have none.

    Before it has a route it is not known who wants them, after its end all was told.
    """
    match call.state:
        case State.ADMITTING | State.ROUTING | State.ENDED:
            return None
        case State.INVITING if call.attempt and call.attempt.progress is Progress.RINGING:
            return RINGING
        case State.CONNECTED:
            return ANSWERED
        case State.ENDING:
            return ENDED
    return CALLING


def _is_wanted(call: Call) -> bool:
    if call.leg_a.policy.state_report:
        return True
    return call.attempt is not None and call.attempt.candidate.leg_b.state_report


def _notice(call: Call, state: str) -> pb.Notice:
    cdr = call.cdr
    told = pb.CallState(
        call_id=call.id, state=state, caller=cdr.caller_access, callee=cdr.callee_access
    )
    if cdr.caller_endpoint is not None:
        told.caller_endpoint.CopyFrom(encode_endpoint(cdr.caller_endpoint))
    if call.attempt is not None:
        told.callee_endpoint.CopyFrom(encode_endpoint(call.attempt.candidate.endpoint))
    if state == ENDED:
        told.call_end_reason = common_pb2.CallEndReason.ValueType(cdr.reason)
    return pb.Notice(call_state=told)
