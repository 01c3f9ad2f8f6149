"""BillingService over gRPC: decode, ask, encode."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.billing.v1.billing_pb2_grpc import BillingServiceServicer
from trunkline_kernel.rpc import Context
from trunkline_kernel.sheets import unpack

from ..desk import Desk
from ..errors import Refused
from ..rating.deck import parse_number
from ..reports.statement import read_statement
from . import decode, encode, pages

OUTCOMES = {
    "settled": pb.SETTLE_OUTCOME_SETTLED,
    "duplicate": pb.SETTLE_OUTCOME_DUPLICATE,
    "not recorded": pb.SETTLE_OUTCOME_NOT_RECORDED,
}


class BillingServicer(BillingServiceServicer):
    """Answers for one billing service."""

    def __init__(self, desk: Desk, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._clock = clock

    async def Authorize(
        self, request: pb.AuthorizeRequest, context: Context
    ) -> pb.AuthorizeResponse:
        try:
            held = await self._desk.authorize(decode.call_start(request))
        except Refused as error:
            return encode.refusal(error)
        return encode.authorization(held, self._desk.lease)

    async def Extend(self, request: pb.ExtendRequest, context: Context) -> pb.ExtendResponse:
        elapsed = decode.span(request.elapsed_duration, "elapsed_duration")
        extended = await self._desk.extend(decode.required(request.call_id, "call_id"), elapsed)
        return encode.extension(extended, self._desk.lease)

    async def Settle(self, request: pb.SettleRequest, context: Context) -> pb.SettleResponse:
        receipt = await self._desk.settle(decode.finished_call(request.cdr))
        charge = encode.charge_of(receipt.cdr) if receipt.cdr is not None else None
        return pb.SettleResponse(outcome=OUTCOMES[receipt.outcome], charge=charge)

    async def CreateCdr(
        self, request: pb.CreateCdrRequest, context: Context
    ) -> pb.CreateCdrResponse:
        number = request.flow_no if request.HasField("flow_no") else self._desk.new_flow_no()
        call = decode.external_call(request, number)
        receipt = await self._desk.settle_external(call)
        return pb.CreateCdrResponse(
            outcome=OUTCOMES[receipt.outcome],
            call_id=call.call_id,
            flow_no=number,
            charge=encode.charge_of(receipt.cdr) if receipt.cdr is not None else None,
        )

    async def Quote(self, request: pb.QuoteRequest, context: Context) -> pb.QuoteResponse:
        quote = await self._desk.quote(
            decode.required(request.account, "account"),
            parse_number(request.callee),
            decode.span(request.talk_duration, "talk_duration"),
            decode.optional_moment(request, "setup_time") or self._clock(),
        )
        return pb.QuoteResponse(
            price=encode.money(quote.charge.fee, quote.terms.currency),
            charged_duration=encode.duration(quote.charge.fee_time),
            rate_prefix=quote.terms.prefix,
            max_duration=encode.duration(quote.longest),
        )

    async def Pay(self, request: pb.PayRequest, context: Context) -> pb.PayResponse:
        payment = decode.payment(request)
        receipt = await self._desk.pay(payment)
        return pb.PayResponse(
            balance=encode.money(receipt.balance, payment.money.currency),
            repeated=receipt.repeated,
        )

    async def GetBalance(
        self, request: pb.GetBalanceRequest, context: Context
    ) -> pb.GetBalanceResponse:
        account, purse = await self._desk.balance(decode.required(request.account, "account"))
        limit = account.overdraft
        return pb.GetBalanceResponse(
            balance=encode.money(purse.balance, account.currency),
            reserved=encode.money(purse.reserved, account.currency),
            overdraft=None if limit is None else encode.money(limit, account.currency),
            calls=purse.calls,
        )

    async def ListLedgerEntries(
        self, request: pb.ListLedgerEntriesRequest, context: Context
    ) -> pb.ListLedgerEntriesResponse:
        entries, more = await self._desk.ledger(
            decode.required(request.account, "account"),
            pages.entry_before(request.page_token),
            request.page_size,
        )
        return pb.ListLedgerEntriesResponse(
            entries=[encode.ledger_entry(entry) for entry in entries],
            next_page_token=pages.entry_token(more) if more is not None else "",
        )

    async def GetCdr(self, request: pb.GetCdrRequest, context: Context) -> pb.GetCdrResponse:
        stored = await self._desk.cdr(decode.required(request.call_id, "call_id"))
        return pb.GetCdrResponse(cdr=encode.rated_cdr(stored))

    async def Reconcile(
        self, request: pb.ReconcileRequest, context: Context
    ) -> pb.ReconcileResponse:
        content = unpack(request.content) if request.gzip else request.content
        account, result = await self._desk.reconcile(
            decode.required(request.account, "account"),
            decode.moment(request.begin_time, "begin_time"),
            decode.moment(request.end_time, "end_time"),
            read_statement(content),
            decode.tolerance(request),
        )
        return encode.reconciliation(result, account.currency)

    async def Report(self, request: pb.ReportRequest, context: Context) -> pb.ReportResponse:
        rows = await self._desk.report(
            decode.moment(request.begin_time, "begin_time"),
            decode.moment(request.end_time, "end_time"),
            decode.dimensions(request.dimensions),
            account=request.account,
            gateway=request.gateway,
        )
        return pb.ReportResponse(rows=[encode.report_row(row) for row in rows])

    async def ExportCdrs(
        self, request: pb.ExportCdrsRequest, context: Context
    ) -> AsyncIterator[pb.ExportCdrsResponse]:
        parts = self._desk.export(
            decode.moment(request.begin_time, "begin_time"),
            decode.moment(request.end_time, "end_time"),
            account=request.account,
            gateway=request.gateway,
        )
        async for content in parts:
            yield pb.ExportCdrsResponse(content=content)

    async def RerateCdr(
        self, request: pb.RerateCdrRequest, context: Context
    ) -> pb.RerateCdrResponse:
        stored, before = await self._desk.rerater.one(
            decode.required(request.call_id, "call_id"),
            decode.clean(request.author),
            decode.clean(request.memo),
        )
        return pb.RerateCdrResponse(
            cdr=encode.rated_cdr(stored), old_charge=encode.charge_of(before)
        )

    async def RerateCdrs(
        self, request: pb.RerateCdrsRequest, context: Context
    ) -> pb.RerateCdrsResponse:
        done = await self._desk.rerater.many(
            decode.moment(request.begin_time, "begin_time"),
            decode.moment(request.end_time, "end_time"),
            account=decode.clean(request.account),
            author=decode.clean(request.author),
            memo=decode.clean(request.memo),
            dry_run=request.dry_run,
        )
        return encode.rerated(done)

    async def ListCdrs(self, request: pb.ListCdrsRequest, context: Context) -> pb.ListCdrsResponse:
        found, more = await self._desk.cdrs(
            decode.optional_moment(request, "begin_time"),
            decode.optional_moment(request, "end_time"),
            account=request.account,
            caller=request.caller,
            callee=request.callee,
            gateway=request.gateway,
            answered_only=request.answered_only,
            page_size=request.page_size,
            after=pages.cdr_position(request.page_token),
        )
        return pb.ListCdrsResponse(
            cdrs=[encode.rated_cdr(stored) for stored in found],
            next_page_token=pages.cdr_token(more) if more is not None else "",
        )
