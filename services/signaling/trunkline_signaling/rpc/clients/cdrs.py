"""CDRs as bytes: what the outbox stores and billing settles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2

from ...calls.cdr import Cdr
from ...calls.reasons import CallEndReason, EndDirection
from .billing import BILLING_MODES
from .shared import (
    decode_time,
    set_address,
    set_attempt,
    set_endpoint,
    set_statistics,
    set_time,
)

DIRECTIONS: Final[Mapping[EndDirection, common_pb2.EndDirection.ValueType]] = {
    EndDirection.CALLER: common_pb2.END_DIRECTION_CALLER,
    EndDirection.CALLEE: common_pb2.END_DIRECTION_CALLEE,
    EndDirection.SERVER: common_pb2.END_DIRECTION_SERVER,
}


def encode_cdr(cdr: Cdr) -> bytes:
    """Serialize a CDR; one of a call in progress has no end yet."""
    message = pb.Cdr(
        call_id=cdr.call_id,
        signaling_instance=cdr.signaling_instance,
        caller_access=cdr.caller_access,
        callee_access=cdr.callee_access,
        caller=cdr.caller,
        callee=cdr.callee,
        caller_to_gateway=cdr.caller_to_gateway,
        callee_to_gateway=cdr.callee_to_gateway,
        end_direction=DIRECTIONS[cdr.end_direction],
        call_end_reason=common_pb2.CallEndReason.ValueType(cdr.reason),
        sip_status=cdr.sip_status,
        account=cdr.account,
        billing_mode=BILLING_MODES[cdr.payer],
        clearing_account=cdr.clearing_account,
        codecs=cdr.codecs,
        codec_lists=map(",".join, cdr.codec_lists),
        explanation_id=cdr.explanation_id,
        sip_call_id=cdr.sip_call_id,
        clearing_callee=cdr.clearing_callee,
        caller_product=cdr.caller_product,
        callee_product=cdr.callee_product,
    )
    set_address(message.caller_address, cdr.caller_address)
    set_time(message.setup_time, cdr.setup_time)
    set_time(message.end_time, cdr.end_time)
    for attempt in cdr.attempts:
        set_attempt(message.attempts.add(), attempt)
    if cdr.caller_endpoint is not None:
        set_endpoint(message.caller_endpoint, cdr.caller_endpoint)
    if cdr.callee_endpoint is not None:
        set_endpoint(message.callee_endpoint, cdr.callee_endpoint)
    if cdr.callee_address is not None:
        set_address(message.callee_address, cdr.callee_address)
    if cdr.answer_time is not None:
        set_time(message.answer_time, cdr.answer_time)
    if cdr.media is not None:
        set_statistics(message.media, cdr.media)
    return message.SerializeToString()


def complete_cdr(opened: bytes, end_time: float, by: str) -> bytes:
    """Give the CDR of a call whose owner died the end it can be given.

    `opened` is what `encode_cdr` made at the answer; `by` says why the owner was lost.
    """
    message = pb.Cdr.FromString(opened)
    set_time(message.end_time, max(end_time, decode_time(message.answer_time)))
    message.end_direction = common_pb2.END_DIRECTION_SERVER
    message.call_end_reason = common_pb2.CallEndReason.ValueType(CallEndReason.INTERNAL_ERROR)
    message.recovered_by = by
    return message.SerializeToString()
