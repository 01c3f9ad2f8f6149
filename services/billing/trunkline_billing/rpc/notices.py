"""Notices of other services as what is posted of them (MGT-14)."""

from datetime import datetime
from typing import Final

from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import reports_pb2 as pb

from ..cdrs.fields import epoch_ms
from ..errors import BadInput
from ..store.notice_rows import CALL_STATE, PHONE_ONLINE, notice_row
from . import decode

KINDS: Final = {
    common.ENDPOINT_KIND_MAPPING_GATEWAY: "mappingGateway",
    common.ENDPOINT_KIND_ROUTING_GATEWAY: "routingGateway",
    common.ENDPOINT_KIND_PHONE: "phone",
}
REASON: Final = "CALL_END_REASON_"


def notice_of(notice: pb.Notice) -> dict[str, object]:
    """Return the row of a notice."""
    id = decode.required(notice.id, "notices.id")
    time = decode.moment(notice.time, "notices.time")
    match notice.WhichOneof("event"):
        case "phone_online":
            return _phone_online(id, time, notice.phone_online)
        case "call_state":
            return _call_state(id, time, notice.call_state)
        case _:
            raise BadInput("notices.event: is required")


def _phone_online(id: str, time: datetime, phone: pb.PhoneOnline) -> dict[str, object]:
    name = decode.required(phone.endpoint.name, "notices.phone_online.endpoint.name")
    received = phone.received
    body = {
        "id": id,
        "time": epoch_ms(time),
        **_endpoint("", phone.endpoint),
        "online": phone.online,
        "address": f"{received.ip}:{received.port}" if received.ip else "",
        "userAgent": decode.clean(phone.user_agent),
    }
    return notice_row(f"terminal {name}", PHONE_ONLINE, body, time)


def _call_state(id: str, time: datetime, call: pb.CallState) -> dict[str, object]:
    call_id = decode.required(call.call_id, "notices.call_state.call_id")
    reason = common.CallEndReason.Name(call.call_end_reason).removeprefix(REASON)
    body = {
        "id": id,
        "time": epoch_ms(time),
        "callId": call_id,
        "state": decode.required(call.state, "notices.call_state.state"),
        "caller": decode.clean(call.caller),
        "callee": decode.clean(call.callee),
        **_endpoint("caller", call.caller_endpoint),
        **_endpoint("callee", call.callee_endpoint),
        "endReason": reason.lower().replace("_", " ") if call.call_end_reason else "",
    }
    return notice_row(f"call {call_id}", CALL_STATE, body, time)


def _endpoint(side: str, endpoint: common.Endpoint) -> dict[str, object]:
    kind, name = (f"{side}Kind", f"{side}Name") if side else ("kind", "name")
    return {kind: KINDS.get(endpoint.kind, ""), name: decode.clean(endpoint.name)}
