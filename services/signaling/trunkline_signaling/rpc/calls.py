"""Calls in progress as protos (MGT-09)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

from trunkline.signaling.v1 import signaling_pb2 as pb

from ..calls.call import Call
from ..calls.call_settings import OwnAddresses
from ..calls.cdr import MediaStatistics
from ..calls.dtmf import form_to
from ..calls.legs import Leg
from ..calls.progress import Progress
from ..calls.referral import TransferState
from ..calls.states import State
from ..sip.dialog import Dialog
from ..sip.flow import Flow, local_end
from .clients.shared import (
    TRANSPORTS,
    set_address,
    set_attempt,
    set_endpoint,
    set_statistics,
    set_time,
)

_STATES: Final[Mapping[State, pb.CallState.ValueType]] = {
    State.ADMITTING: pb.CALL_STATE_ROUTING,
    State.ROUTING: pb.CALL_STATE_ROUTING,
    State.PREPARING: pb.CALL_STATE_ROUTING,
    State.SWITCHING: pb.CALL_STATE_ROUTING,
    State.ANNOUNCING: pb.CALL_STATE_PROGRESS,
    State.CONNECTED: pb.CALL_STATE_CONNECTED,
    State.ENDING: pb.CALL_STATE_ENDING,
    State.ENDED: pb.CALL_STATE_ENDING,
}

_PROGRESS: Final[Mapping[Progress, pb.CallState.ValueType]] = {
    Progress.INVITED: pb.CALL_STATE_TRYING,
    Progress.TRYING: pb.CALL_STATE_TRYING,
    Progress.SESSION_PROGRESS: pb.CALL_STATE_PROGRESS,
    Progress.SESSION_PROGRESS_SDP: pb.CALL_STATE_PROGRESS,
    Progress.RINGING: pb.CALL_STATE_RINGING,
}

_TRANSFERS: Final[Mapping[TransferState, pb.TransferState.ValueType]] = {
    TransferState.NONE: pb.TRANSFER_STATE_UNSPECIFIED,
    TransferState.TRANSFERRING: pb.TRANSFER_STATE_TRANSFERRING,
    TransferState.TRANSFERRED: pb.TRANSFER_STATE_TRANSFERRED,
    TransferState.FAILED: pb.TRANSFER_STATE_FAILED,
    TransferState.CANCELLED: pb.TRANSFER_STATE_CANCELLED,
}


def encode_call(call: Call, media: MediaStatistics | None = None) -> pb.Call:
    """Encode a call as it is now, with what its media carries where that is known."""
    cdr, own = call.cdr, call.settings.own
    message = pb.Call(
        call_id=call.id,
        state=state_of(call),
        caller_access=cdr.caller_access,
        callee_access=cdr.callee_access,
        caller=cdr.caller,
        callee=cdr.callee,
        account=cdr.account,
        media_instance=call.media_instance,
        signaling_instance=cdr.signaling_instance,
        transfer=_TRANSFERS[call.transfer_state],
    )
    set_time(message.setup_time, cdr.setup_time)
    for attempt in cdr.attempts:
        set_attempt(message.attempts.add(), attempt)
    _set_leg(message.leg_a, call.leg_a, *_path_a(call), own)
    if cdr.caller_endpoint is not None:
        set_endpoint(message.caller_endpoint, cdr.caller_endpoint)
    if cdr.callee_endpoint is not None:
        set_endpoint(message.callee_endpoint, cdr.callee_endpoint)
    if cdr.answer_time is not None:
        set_time(message.answer_time, cdr.answer_time)
    if call.leg_b is not None and (path := _path_b(call, call.leg_b)) is not None:
        _set_leg(message.leg_b, call.leg_b, *path, own)
    if media is not None:
        set_statistics(message.media, media)
    return message


def state_of(call: Call) -> pb.CallState.ValueType:
    """Return where a call stands."""
    if call.state is State.INVITING and call.attempt is not None:
        return _PROGRESS[call.attempt.progress]
    return _STATES[call.state]


def _path_a(call: Call) -> tuple[str, Flow]:
    """Return Call-ID and way of leg A; after a transfer it is another one (SIG-21)."""
    dialog = call.leg_a.dialog
    return (call.cdr.sip_call_id, call.invite.flow) if dialog is None else _path(dialog)


def _path_b(call: Call, leg: Leg) -> tuple[str, Flow] | None:
    if leg.dialog is not None:
        return _path(leg.dialog)
    outgoing = call.attempt.outgoing if call.attempt is not None else None
    if outgoing is None or outgoing.flow is None:
        return None
    return outgoing.request.headers.call_id, outgoing.flow


def _path(dialog: Dialog) -> tuple[str, Flow]:
    return dialog.call_id, dialog.flow


def _set_leg(field: pb.Leg, leg: Leg, sip_call_id: str, flow: Flow, own: OwnAddresses) -> None:
    field.sip_call_id = sip_call_id
    set_address(field.remote_address, flow.remote)
    set_address(field.local_address, local_end(flow, own.seen_by))
    field.transport = TRANSPORTS[flow.transport]
    field.codec = leg.codec
    field.listed_codecs.extend(leg.listed)
    field.dtmf = form_to(leg).name.lower() if leg.formats else ""
    if leg.relay is not None:
        set_address(field.relay_address, leg.relay)
    media = leg.media_address
    if media is not None and _is_ip(media[0]):
        set_address(field.media_address, media)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
