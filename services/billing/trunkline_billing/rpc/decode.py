"""From the wire to billing's own types. What is missing or wrong is refused here, by field."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common

from ..cdrs.cdr import Call, Numbers, Party
from ..charging.reservation import CallStart
from ..errors import BadInput
from ..ledger.payments import Payment
from ..ledger.transactions import PaymentType
from ..money import Money
from ..rating.deck import parse_number
from ..reasons import BillingMode, CallEndReason, EndDirection
from ..reports.reconciliation import Tolerance
from ..reports.report import Dimension
from .proto_json import to_json

MAX_ID: Final = 256
MAX_PORT: Final = 65_535
PAYMENT_TYPES: Final[dict[int, PaymentType]] = {
    pb.PAYMENT_TYPE_CASH: PaymentType.CASH,
    pb.PAYMENT_TYPE_VOUCHER: PaymentType.VOUCHER,
}


def required(text: str, field: str, most: int = MAX_ID) -> str:
    """Return a text that must be there and not be longer than `most`."""
    if not text:
        raise BadInput(f"{field}: is required")
    if len(text) > most:
        raise BadInput(f"{field}: {len(text)} characters, at most {most} are allowed")
    return clean(text)


def clean(text: str) -> str:
    """Return the text without NUL, which no database keeps."""
    return text.replace("\x00", "")


def moment(stamp: Timestamp, field: str) -> datetime:
    """Return a moment that must be there."""
    if not (stamp.seconds or stamp.nanos):
        raise BadInput(f"{field}: is required")
    return _moment(stamp, field)


def optional_moment(message: Any, field: str) -> datetime | None:
    """Return a moment that may be absent."""
    return _moment(getattr(message, field), field) if message.HasField(field) else None


def span(duration: Duration, field: str) -> timedelta:
    """Return a span that is not negative."""
    try:
        value = duration.ToTimedelta()
    except (ValueError, OverflowError):
        raise BadInput(f"{field}: not a duration") from None
    if value < timedelta(0):
        raise BadInput(f"{field}: {value} is negative")
    return value


def money(message: common.Money, field: str) -> Money:
    """Return money that must be there."""
    if not message.amount:
        raise BadInput(f"{field}: is required")
    return Money.parse(message.amount, message.currency)


def call_start(request: pb.AuthorizeRequest) -> CallStart:
    """Return the call that asks for money."""
    return CallStart(
        call_id=required(request.call_id, "call_id"),
        signaling_instance=required(request.signaling_instance, "signaling_instance"),
        account=required(request.account, "account"),
        caller=clean(request.caller),
        callee=parse_number(request.callee),
        setup_time=moment(request.setup_time, "setup_time"),
        billing_mode=_mode(request.billing_mode) or BillingMode.MAPPING_GATEWAY,
        endpoint=Party(request.endpoint.kind, clean(request.endpoint.name)),
        callee_account=clean(request.callee_account),
    )


def finished_call(cdr: pb.Cdr) -> Call:
    """Return the call a CDR reports."""
    setup = moment(cdr.setup_time, "cdr.setup_time")
    end = moment(cdr.end_time, "cdr.end_time")
    if end < setup:
        raise BadInput("cdr.end_time: is before setup_time")
    return Call(
        call_id=required(cdr.call_id, "cdr.call_id"),
        setup_time=setup,
        end_time=end,
        answer_time=optional_moment(cdr, "answer_time"),
        end_direction=_direction(cdr.end_direction),
        end_reason=_reason(cdr.call_end_reason),
        account=clean(cdr.account),
        billing_mode=_mode(cdr.billing_mode),
        clearing_account=clean(cdr.clearing_account),
        clearing_callee=_billed(cdr.clearing_callee),
        caller=Numbers(clean(cdr.caller_access), clean(cdr.caller), clean(cdr.caller_to_gateway)),
        callee=Numbers(clean(cdr.callee_access), _billed(cdr.callee), clean(cdr.callee_to_gateway)),
        caller_party=_party(cdr.caller_endpoint, cdr.caller_address),
        callee_party=_party(cdr.callee_endpoint, cdr.callee_address),
        signaling_instance=clean(cdr.signaling_instance),
        sip_status=min(cdr.sip_status, 999),
        sip_call_id=clean(cdr.sip_call_id),
        explanation_id=clean(cdr.explanation_id),
        recovered_by=clean(cdr.recovered_by),
        codecs=tuple(clean(codec).replace(",", " ") for codec in cdr.codecs),
        extension=_extension(cdr),
    )


def external_call(request: pb.CreateCdrRequest, flow_no: int) -> Call:
    """Return the call another system handled (BIL-17)."""
    setup = moment(request.setup_time, "setup_time")
    talk = span(request.talk_duration, "talk_duration")
    end = optional_moment(request, "end_time") or setup + talk
    if end - talk < setup:
        raise BadInput("end_time: leaves less than talk_duration after setup_time")
    return Call(
        call_id=f"external-{flow_no}",
        setup_time=setup,
        end_time=end,
        answer_time=end - talk if talk else None,
        end_direction=_direction(request.end_direction),
        end_reason=_reason(request.call_end_reason),
        account=required(request.account, "account"),
        billing_mode=_mode(request.billing_mode),
        caller=Numbers(clean(request.caller), clean(request.caller)),
        callee=Numbers(clean(request.callee), parse_number(request.callee)),
        extension={"external": True},
    )


def dimensions(values: Iterable[int]) -> list[Dimension]:
    """Return what a report groups by."""
    try:
        return [Dimension(value) for value in values]
    except ValueError as error:
        raise BadInput(f"dimensions: {error}") from None


def tolerance(request: pb.ReconcileRequest) -> Tolerance:
    """Return what two books may differ in."""
    usual = Tolerance()
    start, billed = usual.start, usual.billed
    if request.HasField("start_tolerance"):
        start = span(request.start_tolerance, "start_tolerance")
    if request.HasField("duration_tolerance"):
        billed = span(request.duration_tolerance, "duration_tolerance")
    return Tolerance(start, billed)


def payment(request: pb.PayRequest) -> Payment:
    """Return the payment asked for."""
    return Payment(
        request_id=required(request.request_id, "request_id"),
        account=required(request.account, "account"),
        money=money(request.amount, "amount"),
        memo=clean(request.memo),
        agent=clean(request.agent),
        type=PAYMENT_TYPES.get(request.payment_type, PaymentType.OTHER),
    )


def _moment(stamp: Timestamp, field: str) -> datetime:
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadInput(f"{field}: not a moment between years 1 and 9999") from None


def _billed(number: str) -> str:
    """Return a number without its plus. What cannot be rated is kept and finds no rate."""
    return clean(number).removeprefix("+")


def _party(endpoint: common.Endpoint, address: common.SocketAddress) -> Party:
    return Party(
        endpoint.kind, clean(endpoint.name), clean(address.ip), min(address.port, MAX_PORT)
    )


def _mode(value: int) -> BillingMode | None:
    """Return the stored number of a billing mode, one less than on the wire."""
    if value == pb.BILLING_MODE_UNSPECIFIED:
        return None
    try:
        return BillingMode(value - 1)
    except ValueError:
        raise BadInput(f"billing_mode: {value} is unknown") from None


def _direction(value: int) -> EndDirection:
    try:
        return EndDirection(value - 1)
    except ValueError:
        raise BadInput(f"cdr.end_direction: {value} is not said or unknown") from None


def _reason(value: int) -> CallEndReason:
    try:
        return CallEndReason(value)
    except ValueError:
        raise BadInput(f"cdr.call_end_reason: {value} is not said or unknown") from None


def _extension(cdr: pb.Cdr) -> dict[str, object]:
    """Return what only readers need, as JSON by the names of the proto."""
    extension: dict[str, object] = {}
    if cdr.attempts:
        extension["attempts"] = list(map(to_json, cdr.attempts))
    if cdr.HasField("media"):
        extension["media"] = to_json(cdr.media)
    if cdr.external:
        extension["external"] = True
    if cdr.codec_lists:
        extension["codec_lists"] = list(map(clean, cdr.codec_lists))
    if cdr.caller_product:
        extension["caller_product"] = clean(cdr.caller_product)
    if cdr.callee_product:
        extension["callee_product"] = clean(cdr.callee_product)
    return extension
