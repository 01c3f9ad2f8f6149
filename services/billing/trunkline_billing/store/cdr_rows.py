"""CDRs as rows (BIL-10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from ..cdrs.cdr import Call, Cdr, Numbers, Party, Share
from ..money import ZERO, Currency
from ..reasons import BillingMode, CallEndReason, EndDirection

NOTHING: Final = timedelta(0)
SECOND: Final = timedelta(seconds=1)


CHARGE_COLUMNS: Final = (
    "hold_time",
    "currency",
    "fee",
    "fee_time",
    "gift_time",
    "gift_value",
    "account_holder",
    "rate_group",
    "prefix",
    "level",
    "agents",
    "cost_currency",
    "cost",
    "cost_time",
    "cost_rate_group",
    "cost_prefix",
)
"""What another charge changes of a CDR."""


@dataclass(frozen=True, slots=True)
class StoredCdr:
    """A CDR with the number it was stored under (flowNo)."""

    flow_no: int
    cdr: Cdr


def encode_cdr(cdr: Cdr) -> dict[str, object]:
    """Return the row of a CDR."""
    call = cdr.call
    return {
        "call_id": call.call_id,
        "setup_time": call.setup_time,
        "answer_time": call.answer_time,
        "end_time": call.end_time,
        "settled_at": cdr.settled_at,
        "hold_time": cdr.hold_time,
        "end_direction": call.end_direction,
        "end_reason": call.end_reason,
        "sip_status": call.sip_status,
        "caller": call.caller.billed,
        "caller_access": call.caller.access,
        "caller_to_gateway": call.caller.to_gateway,
        "caller_kind": call.caller_party.kind,
        "caller_name": call.caller_party.name,
        "caller_ip": call.caller_party.ip,
        "caller_port": call.caller_party.port,
        "callee": call.callee.billed,
        "callee_access": call.callee.access,
        "callee_to_gateway": call.callee.to_gateway,
        "callee_kind": call.callee_party.kind,
        "callee_name": call.callee_party.name,
        "callee_ip": call.callee_party.ip,
        "callee_port": call.callee_party.port,
        "account": call.account,
        "billing_mode": call.billing_mode,
        "agents": json.dumps([_encode_share(share) for share in cdr.agents]),
        "clearing_account": call.clearing_account,
        "clearing_callee": call.clearing_callee,
        "signaling_instance": call.signaling_instance,
        "sip_call_id": call.sip_call_id,
        "explanation_id": call.explanation_id,
        "recovered_by": call.recovered_by,
        "codecs": ",".join(call.codecs),
        "extension": json.dumps(call.extension),
        **_payer_columns(cdr.payer),
        **_vendor_columns(cdr.vendor),
    }


def decode_cdr(row: Mapping[str, Any]) -> StoredCdr:
    """Return the CDR of a row."""
    mode = row["billing_mode"]
    call = Call(
        call_id=row["call_id"],
        setup_time=row["setup_time"],
        end_time=row["end_time"],
        answer_time=row["answer_time"],
        end_direction=EndDirection(row["end_direction"]),
        end_reason=CallEndReason(row["end_reason"]),
        account=row["account"],
        billing_mode=None if mode is None else BillingMode(mode),
        clearing_account=row["clearing_account"],
        clearing_callee=row["clearing_callee"],
        caller=_numbers(row, "caller"),
        callee=_numbers(row, "callee"),
        caller_party=_party(row, "caller"),
        callee_party=_party(row, "callee"),
        signaling_instance=row["signaling_instance"],
        sip_status=row["sip_status"],
        sip_call_id=row["sip_call_id"],
        explanation_id=row["explanation_id"],
        recovered_by=row["recovered_by"],
        codecs=tuple(filter(None, row["codecs"].split(","))),
        extension=json.loads(row["extension"]),
    )
    return StoredCdr(
        row["flow_no"],
        Cdr(
            call=call,
            hold_time=row["hold_time"],
            settled_at=row["settled_at"],
            payer=_payer(row),
            agents=tuple(_decode_share(share) for share in json.loads(row["agents"])),
            vendor=_vendor(row),
        ),
    )


def _payer_columns(payer: Share | None) -> dict[str, object]:
    return {
        "currency": payer.currency if payer else "",
        "fee": payer.fee if payer else None,
        "fee_time": payer.fee_time if payer else NOTHING,
        "gift_time": payer.gift_time if payer else NOTHING,
        "gift_value": payer.gift_value if payer else ZERO,
        "account_holder": payer.holder if payer else "",
        "rate_group": payer.rate_group if payer else "",
        "prefix": payer.prefix if payer else "",
        "level": payer.level if payer else 0,
    }


def _vendor_columns(vendor: Share | None) -> dict[str, object]:
    return {
        "cost_currency": vendor.currency if vendor else "",
        "cost": vendor.fee if vendor else None,
        "cost_time": vendor.fee_time if vendor else NOTHING,
        "cost_rate_group": vendor.rate_group if vendor else "",
        "cost_prefix": vendor.prefix if vendor else "",
    }


def _payer(row: Mapping[str, Any]) -> Share | None:
    if row["fee"] is None:
        return None
    return Share(
        account=row["account"],
        currency=Currency(row["currency"]),
        fee=row["fee"],
        fee_time=row["fee_time"],
        gift_time=row["gift_time"],
        rate_group=row["rate_group"],
        prefix=row["prefix"],
        level=row["level"],
        holder=row["account_holder"],
        gift_value=row["gift_value"],
    )


def _vendor(row: Mapping[str, Any]) -> Share | None:
    if row["cost"] is None:
        return None
    return Share(
        account=row["clearing_account"],
        currency=Currency(row["cost_currency"]),
        fee=row["cost"],
        fee_time=row["cost_time"],
        gift_time=NOTHING,
        rate_group=row["cost_rate_group"],
        prefix=row["cost_prefix"],
    )


def _encode_share(share: Share) -> dict[str, object]:
    return {
        "account": share.account,
        "currency": share.currency,
        "fee": str(share.fee),
        "fee_s": share.fee_time // SECOND,
        "gift_s": share.gift_time // SECOND,
        "rate_group": share.rate_group,
        "prefix": share.prefix,
        "level": share.level,
        "holder": share.holder,
    }


def _decode_share(share: Mapping[str, Any]) -> Share:
    return Share(
        account=share["account"],
        currency=Currency(share["currency"]),
        fee=Decimal(share["fee"]),
        fee_time=share["fee_s"] * SECOND,
        gift_time=share["gift_s"] * SECOND,
        rate_group=share["rate_group"],
        prefix=share["prefix"],
        level=share["level"],
        holder=share.get("holder", ""),
    )


def _numbers(row: Mapping[str, Any], side: str) -> Numbers:
    return Numbers(row[f"{side}_access"], row[side], row[f"{side}_to_gateway"])


def _party(row: Mapping[str, Any], side: str) -> Party:
    return Party(row[f"{side}_kind"], row[f"{side}_name"], row[f"{side}_ip"], row[f"{side}_port"])
