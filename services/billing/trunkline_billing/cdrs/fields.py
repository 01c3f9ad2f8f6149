"""A CDR under the field names of BIL-10, for pushes and exports."""

from datetime import datetime, timedelta

from ..ledger.transactions import EntryKind, transaction_id
from ..money import ZERO
from .cdr import NOTHING, Call, Cdr, Share

Fields = dict[str, object]

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def epoch_ms(moment: datetime) -> int:
    """Return a moment in milliseconds since 1970, UTC."""
    return (moment - EPOCH) // MILLISECOND


def cdr_fields(flow_no: int, cdr: Cdr) -> Fields:
    """Return every field; amounts as text, times in milliseconds, spans in seconds."""
    call = cdr.call
    return {
        "flowNo": flow_no,
        "callId": call.call_id,
        "callerE164": call.caller.billed,
        "callerAccessE164": call.caller.access,
        "callerProductId": call.extension.get("caller_product", ""),
        "callerToGatewayE164": call.caller.to_gateway,
        "callerGateway": call.caller_party.name,
        "callerIp": call.caller_party.ip,
        "calleeE164": call.callee.billed,
        "calleeAccessE164": call.callee.access,
        "calleeProductId": call.extension.get("callee_product", ""),
        "calleeToGatewayE164": call.callee.to_gateway,
        "calleeGateway": call.callee_party.name,
        "calleeIp": call.callee_party.ip,
        "start": epoch_ms(call.answer_time or call.setup_time),
        "stop": epoch_ms(call.end_time),
        "holdTime": cdr.hold_time // SECOND,
        "endReason": call.end_reason,
        "endDirection": call.end_direction,
        "sipCode": call.sip_status,
        "account": call.account,
        "billingMode": call.billing_mode,
        "calleeBilling": _callee_billing(call),
        **_payer(cdr.payer),
        **_agent(cdr.agents[0] if cdr.agents else None),
        "clearingAccount": call.clearing_account,
        "clearingFee": None if cdr.vendor is None else str(cdr.vendor.fee),
        "clearingCurrency": None if cdr.vendor is None else cdr.vendor.currency,
        "clearingPrefix": None if cdr.vendor is None else cdr.vendor.prefix,
        "codecs": list(call.codecs),
        "sipCallId": call.sip_call_id,
        "transactionId": transaction_id(EntryKind.CALL, call.call_id),
        "explanationId": call.explanation_id,
        "recoveredBy": call.recovered_by,
        "extension": call.extension,
    }


def _callee_billing(call: Call) -> int:
    """Return who pays: 0 the caller, 1 the callee, 2 another system said so."""
    if call.extension.get("external"):
        return 2
    return 1 if call.extension.get("callee_pays") else 0


def _payer(share: Share | None) -> Fields:
    return {
        "fee": str(share.fee if share else ZERO),
        "currency": share.currency if share else None,
        "feeTime": (share.fee_time if share else NOTHING) // SECOND,
        "feePrefix": share.prefix if share else "",
        "accountName": share.holder if share else "",
        "suiteFee": str(share.gift_value if share else ZERO),
        "suiteFeeTime": (share.gift_time if share else NOTHING) // SECOND,
        "callLevel": share.level if share else 0,
    }


def _agent(share: Share | None) -> Fields:
    return {
        "agentAccount": share.account if share else "",
        "agentName": share.holder if share else "",
        "agentFee": str(share.fee if share else ZERO),
        "agentFeeTime": (share.fee_time if share else NOTHING) // SECOND,
        "agentFeePrefix": share.prefix if share else "",
        "agentSuiteFee": str(share.gift_value if share else ZERO),
        "agentSuiteFeeTime": (share.gift_time if share else NOTHING) // SECOND,
    }
