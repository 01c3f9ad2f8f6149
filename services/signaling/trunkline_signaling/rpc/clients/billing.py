"""The client of billing: the money of a call, and the settlement of its CDR."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.rpc import Channel, method_of

from ...calls.parties import EndpointKind
from ...calls.services import Authorize, Authorized, Extend, Extended, Unpayable
from .shared import (
    ask,
    decode_reason,
    decode_span,
    encode_span,
    set_endpoint,
    set_time,
    unexpected,
)

SETTLE_TIMEOUT: Final = 5.0
"""Seconds. Nobody waits on the line for a settlement; billing may be busy."""

_SERVICE: Final = pb.DESCRIPTOR.services_by_name["BillingService"]
AUTHORIZE: Final = method_of(
    _SERVICE, "Authorize", pb.AuthorizeRequest, pb.AuthorizeResponse, idempotent=True
)
EXTEND: Final = method_of(_SERVICE, "Extend", pb.ExtendRequest, pb.ExtendResponse, idempotent=True)
SETTLE: Final = method_of(_SERVICE, "Settle", pb.SettleRequest, pb.SettleResponse, idempotent=True)

BILLING_MODES: Final[Mapping[EndpointKind | None, pb.BillingMode.ValueType]] = {
    None: pb.BILLING_MODE_UNSPECIFIED,
    EndpointKind.PHONE: pb.BILLING_MODE_PHONE,
    EndpointKind.BOUND_NUMBER: pb.BILLING_MODE_BOUND_NUMBER,
    EndpointKind.MAPPING_GATEWAY: pb.BILLING_MODE_MAPPING_GATEWAY,
    EndpointKind.ROUTING_GATEWAY: pb.BILLING_MODE_UNSPECIFIED,
}


class BillingClient:
    """Satisfies `BillingService` and the outbox's `Settler` over a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def authorize(self, question: Authorize) -> Authorized | Unpayable:
        """Reserve the first slice."""
        request = _encode_authorize(question)
        response = await ask(self._channel, AUTHORIZE, request, question.call_id)
        match response.WhichOneof("decision"):
            case "authorization":
                return _decode_authorization(response.authorization)
            case "refusal":
                refusal = response.refusal
                reason = decode_reason(refusal.call_end_reason)
                return Unpayable(reason, refusal.explanation, refusal.of_callee)
            case _:
                raise unexpected(response)

    async def extend(self, question: Extend) -> Extended:
        """Reserve the next slice."""
        request = pb.ExtendRequest(
            call_id=question.call_id, elapsed_duration=encode_span(question.elapsed)
        )
        response = await ask(self._channel, EXTEND, request, question.call_id)
        return Extended(
            decode_span(response, "reserved_duration"),
            decode_span(response, "end_duration"),
            decode_span(response, "lease_duration"),
        )

    async def settle(self, call_id: str, cdr: bytes) -> None:
        """Deliver a serialized CDR. Raises `TrunklineError`: the outbox must know whose fault."""
        request = pb.SettleRequest()
        request.cdr.MergeFromString(cdr)
        await self._channel.call(SETTLE, request, timeout=SETTLE_TIMEOUT, call_id=call_id)


def _encode_authorize(question: Authorize) -> pb.AuthorizeRequest:
    request = pb.AuthorizeRequest(
        call_id=question.call_id,
        signaling_instance=question.signaling_instance,
        account=question.account,
        billing_mode=BILLING_MODES[question.payer],
        caller=question.caller,
        callee=question.callee,
        callee_account=question.callee_account,
    )
    set_endpoint(request.endpoint, question.endpoint)
    set_time(request.setup_time, question.setup_time)
    return request


def _decode_authorization(authorization: pb.Authorization) -> Authorized:
    price = authorization.price_per_minute
    return Authorized(
        decode_span(authorization, "max_duration"),
        decode_span(authorization, "reserved_duration"),
        decode_span(authorization, "lease_duration"),
        f"rate {authorization.rate_prefix or '(all)'} at {price.amount} {price.currency} a minute",
    )
