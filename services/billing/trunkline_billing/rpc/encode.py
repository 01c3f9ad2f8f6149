"""From billing's own types to the wire."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common

from ..cdrs.cdr import Call, Cdr, Party, Share
from ..charging.authorization import Extension
from ..charging.reservation import Reservation
from ..errors import CalleeBalanceInsufficient, Refused
from ..ledger.transactions import PaymentType
from ..money import Currency
from ..reasons import BillingMode
from ..reports.reconciliation import Reconciliation, StatedCall, Totals
from ..reports.report import Row
from ..rerating import Rerated
from ..store.cdr_rows import StoredCdr
from ..store.ledger_reader import BookedEntry

MOST_DISPUTES: Final = 10_000
PAYMENT_TYPES: Final = {
    None: pb.PAYMENT_TYPE_UNSPECIFIED,
    PaymentType.CASH: pb.PAYMENT_TYPE_CASH,
    PaymentType.VOUCHER: pb.PAYMENT_TYPE_VOUCHER,
    PaymentType.OTHER: pb.PAYMENT_TYPE_OTHER,
}


def money(amount: Decimal, currency: Currency) -> common.Money:
    """Return money, its amount in plain digits."""
    return common.Money(amount=format(amount, "f"), currency=currency)


def duration(span: timedelta | None) -> Duration | None:
    """Return a span; None stays absent."""
    if span is None:
        return None
    message = Duration()
    message.FromTimedelta(span)
    return message


def timestamp(moment: datetime | None) -> Timestamp | None:
    """Return a moment; None stays absent."""
    if moment is None:
        return None
    message = Timestamp()
    message.FromDatetime(moment)
    return message


def authorization(held: Reservation, lease: timedelta) -> pb.AuthorizeResponse:
    """Return that the call may begin."""
    terms = held.holds[0].terms
    return pb.AuthorizeResponse(
        authorization=pb.Authorization(
            max_duration=duration(held.max_talk),
            reserved_duration=duration(held.granted),
            lease_duration=duration(lease),
            rate_prefix=terms.prefix,
            price_per_minute=money(terms.tariff.price_per_minute, terms.currency),
            call_level=terms.level,
        )
    )


def refusal(error: Refused) -> pb.AuthorizeResponse:
    """Return that the call may not begin, and why."""
    reason = common.CallEndReason.ValueType(error.call_end_reason)
    return pb.AuthorizeResponse(
        refusal=pb.Refusal(
            call_end_reason=reason,
            explanation=error.message,
            of_callee=isinstance(error, CalleeBalanceInsufficient),
        )
    )


def extension(extended: Extension, lease: timedelta) -> pb.ExtendResponse:
    """Return how long the call may go on."""
    return pb.ExtendResponse(
        reserved_duration=duration(extended.granted),
        end_duration=duration(extended.end_at),
        lease_duration=duration(lease),
    )


def charge_of(cdr: Cdr) -> common.Money | None:
    """Return what the payer was charged; None when nobody was."""
    return None if cdr.payer is None else money(cdr.payer.fee, cdr.payer.currency)


def rated_cdr(stored: StoredCdr) -> pb.RatedCdr:
    """Return a CDR with what it cost."""
    rated, payer, vendor = stored.cdr, stored.cdr.payer, stored.cdr.vendor
    return pb.RatedCdr(
        cdr=cdr(rated.call),
        charge=charge_of(rated),
        hold_duration=duration(rated.hold_time),
        charged_duration=duration(payer.fee_time if payer else None),
        rate_prefix=payer.prefix if payer else "",
        rate_group=payer.rate_group if payer else "",
        cost=_cost(vendor),
        cost_prefix=vendor.prefix if vendor else "",
        settle_time=timestamp(rated.settled_at),
        flow_no=stored.flow_no,
        gift_duration=duration(payer.gift_time if payer else None),
        gift_value=money(payer.gift_value, payer.currency) if payer else None,
        account_holder=payer.holder if payer else "",
        agents=map(agent_charge, rated.agents),
    )


def agent_charge(share: Share) -> pb.AgentCharge:
    """Return what an agent was charged."""
    return pb.AgentCharge(
        account=share.account,
        holder=share.holder,
        charge=money(share.fee, share.currency),
        charged_duration=duration(share.fee_time),
        rate_prefix=share.prefix,
    )


def cdr(call: Call) -> pb.Cdr:
    """Return a call."""
    message = ParseDict(call.extension, pb.Cdr(), ignore_unknown_fields=True)
    message.MergeFrom(
        pb.Cdr(
            call_id=call.call_id,
            signaling_instance=call.signaling_instance,
            caller_endpoint=_endpoint(call.caller_party),
            caller_address=_address(call.caller_party),
            callee_endpoint=_endpoint(call.callee_party),
            callee_address=_address(call.callee_party),
            caller_access=call.caller.access,
            callee_access=call.callee.access,
            caller=call.caller.billed,
            callee=call.callee.billed,
            caller_to_gateway=call.caller.to_gateway,
            callee_to_gateway=call.callee.to_gateway,
            setup_time=timestamp(call.setup_time),
            answer_time=timestamp(call.answer_time),
            end_time=timestamp(call.end_time),
            end_direction=common.EndDirection.ValueType(call.end_direction + 1),
            call_end_reason=common.CallEndReason.ValueType(call.end_reason),
            sip_status=call.sip_status,
            account=call.account,
            billing_mode=_mode(call.billing_mode),
            clearing_account=call.clearing_account,
            clearing_callee=call.clearing_callee,
            codecs=call.codecs,
            explanation_id=call.explanation_id,
            sip_call_id=call.sip_call_id,
            recovered_by=call.recovered_by,
        )
    )
    return message


def rerated(done: Rerated) -> pb.RerateCdrsResponse:
    """Return what charging many calls anew did."""
    return pb.RerateCdrsResponse(
        looked_at=done.looked_at,
        changed=done.changed,
        sums=[
            pb.RerateSum(before=money(sums.before, currency), after=money(sums.after, currency))
            for currency, sums in sorted(done.sums.items())
        ],
    )


def report_row(row: Row) -> pb.ReportRow:
    """Return one group of a report."""
    message = pb.ReportRow(
        keys=row.keys,
        calls=row.calls,
        answered=row.answered,
        hold_duration=duration(row.hold_time),
        charged_duration=duration(row.charged_time),
        charge=money(row.charge, row.charge_currency) if row.charge_currency else None,
        cost=money(row.cost, row.cost_currency) if row.cost_currency else None,
        post_dial_delay=duration(row.post_dial_delay),
    )
    for level, span in row.by_level.items():
        message.hold_duration_by_level[level].FromTimedelta(span)
    return message


def reconciliation(result: Reconciliation, currency: Currency) -> pb.ReconcileResponse:
    """Return two books compared."""
    return pb.ReconcileResponse(
        deviates=result.deviates,
        ours=totals(result.ours),
        theirs=totals(result.theirs),
        matched=result.matched,
        disputed=money(result.disputed, currency),
        disputes=disputes(result),
        dispute_count=len(result.disputes),
    )


def disputes(result: Reconciliation) -> list[pb.CallDispute]:
    """Return as many disputes as a message may hold."""
    return [
        pb.CallDispute(finding=one.finding, ours=_stated(one.ours), theirs=_stated(one.theirs))
        for one in result.disputes[:MOST_DISPUTES]
    ]


def totals(sums: Totals) -> pb.TrafficTotals:
    """Return one side's sums."""
    return pb.TrafficTotals(
        calls=sums.calls,
        billed_duration=duration(sums.billed),
        amount=format(sums.amount, "f"),
    )


def ledger_entry(entry: BookedEntry) -> pb.LedgerEntry:
    """Return one side of a booking."""
    return pb.LedgerEntry(
        id=entry.id,
        transaction_id=entry.transaction_id,
        account=entry.book,
        amount=money(entry.amount, entry.currency),
        balance=None if entry.balance is None else money(entry.balance, entry.currency),
        kind=pb.LedgerEntryKind.ValueType(entry.kind),
        reference=entry.reference,
        time=timestamp(entry.time),
        memo=entry.memo,
        payment_type=PAYMENT_TYPES[entry.payment_type],
    )


def _stated(call: StatedCall | None) -> pb.StatedCall | None:
    if call is None:
        return None
    return pb.StatedCall(
        caller=call.caller,
        callee=call.callee,
        answer_time=timestamp(call.start),
        billed_duration=duration(call.billed),
        amount=format(call.amount, "f"),
        reference=call.reference,
    )


def _cost(vendor: Share | None) -> common.Money | None:
    return None if vendor is None else money(vendor.fee, vendor.currency)


def _mode(mode: BillingMode | None) -> pb.BillingMode.ValueType:
    return pb.BillingMode.ValueType(0 if mode is None else mode + 1)


def _endpoint(party: Party) -> common.Endpoint | None:
    if not party.name:
        return None
    return common.Endpoint(kind=common.EndpointKind.ValueType(party.kind), name=party.name)


def _address(party: Party) -> common.SocketAddress | None:
    return common.SocketAddress(ip=party.ip, port=party.port) if party.ip else None
