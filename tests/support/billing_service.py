"""A running billing service, asked without sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from pydantic import SecretStr
from trunkline.billing.v1 import alarms_pb2, reconciliation_pb2
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import documents_pb2, parameters_pb2, reports_pb2
from trunkline_billing.__main__ import build
from trunkline_billing.settings import BillingSettings
from trunkline_kernel.faults import TrunklineError
from trunkline_kernel.rpc import InProcessChannel, method_of
from trunkline_kernel.service import Service

ResponseT = TypeVar("ResponseT", bound=Message)

BILLING: Final = pb.DESCRIPTOR.services_by_name["BillingService"]
RATES: Final = pb.DESCRIPTOR.services_by_name["RateService"]
ALARMS: Final = alarms_pb2.DESCRIPTOR.services_by_name["AlarmService"]
PEERS: Final = reconciliation_pb2.DESCRIPTOR.services_by_name["PeerReconciliationService"]
REPORTS: Final = reports_pb2.DESCRIPTOR.services_by_name["ReportService"]
DOCUMENTS: Final = documents_pb2.DESCRIPTOR.services_by_name["DocumentService"]
PARAMETERS: Final = parameters_pb2.DESCRIPTOR.services_by_name["ParametersService"]

RETAIL: Final = {"rates": [{"prefix": "44", "perMinute": "0.10"}]}
ACME: Final = {"currency": "USD", "openingBalance": "1.00", "rateGroup": "retail"}


def duration(seconds: float) -> Duration:
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


class BillingClient:
    """Asks one running service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._channel = InProcessChannel(service.server.dispatcher)

    async def authorize(self, call_id: str = "call-1", **fields: Any) -> pb.AuthorizeResponse:
        values: dict[str, Any] = {
            "account": "acme",
            "callee": "447700900123",
            "signaling_instance": "signaling-0",
            "setup_time": datetime.now(UTC),
        }
        request = pb.AuthorizeRequest(call_id=call_id, **(values | fields))
        return await self._ask(BILLING, "Authorize", request, pb.AuthorizeResponse)

    async def extend(self, call_id: str, elapsed: float) -> pb.ExtendResponse:
        request = pb.ExtendRequest(call_id=call_id, elapsed_duration=duration(elapsed))
        return await self._ask(BILLING, "Extend", request, pb.ExtendResponse)

    async def settle(self, cdr: pb.Cdr) -> pb.SettleResponse:
        return await self._ask(BILLING, "Settle", pb.SettleRequest(cdr=cdr), pb.SettleResponse)

    async def create_cdr(self, **fields: Any) -> pb.CreateCdrResponse:
        values: dict[str, Any] = {
            "account": "acme",
            "callee": "447700900123",
            "setup_time": datetime.now(UTC),
            "talk_duration": duration(61),
            "end_direction": common.END_DIRECTION_CALLER,
            "call_end_reason": common.CALL_END_REASON_CALLER_HANGUP,
        }
        request = pb.CreateCdrRequest(**(values | fields))
        return await self._ask(BILLING, "CreateCdr", request, pb.CreateCdrResponse)

    async def quote(self, callee: str, talk: float) -> pb.QuoteResponse:
        request = pb.QuoteRequest(account="acme", callee=callee, talk_duration=duration(talk))
        return await self._ask(BILLING, "Quote", request, pb.QuoteResponse)

    async def pay(
        self,
        request_id: str,
        amount: str,
        account: str = "acme",
        currency: str = "USD",
        **fields: Any,
    ) -> pb.PayResponse:
        request = pb.PayRequest(
            request_id=request_id,
            account=account,
            amount=common.Money(amount=amount, currency=currency),
            memo="cash",
            **fields,
        )
        return await self._ask(BILLING, "Pay", request, pb.PayResponse)

    async def purse(self, account: str = "acme") -> pb.GetBalanceResponse:
        request = pb.GetBalanceRequest(account=account)
        return await self._ask(BILLING, "GetBalance", request, pb.GetBalanceResponse)

    async def balance(self, account: str = "acme") -> str:
        return (await self.purse(account)).balance.amount

    async def ledger(self, account: str = "acme", **fields: Any) -> pb.ListLedgerEntriesResponse:
        request = pb.ListLedgerEntriesRequest(account=account, **fields)
        return await self._ask(BILLING, "ListLedgerEntries", request, pb.ListLedgerEntriesResponse)

    async def cdr(self, call_id: str) -> pb.RatedCdr:
        request = pb.GetCdrRequest(call_id=call_id)
        return (await self._ask(BILLING, "GetCdr", request, pb.GetCdrResponse)).cdr

    async def cdrs(self, **fields: Any) -> pb.ListCdrsResponse:
        request = pb.ListCdrsRequest(**fields)
        return await self._ask(BILLING, "ListCdrs", request, pb.ListCdrsResponse)

    async def import_rates(self, text: str, **fields: Any) -> pb.ImportRatesResponse:
        values: dict[str, Any] = {
            "rate_group": "retail",
            "content": text.encode(),
            "mode": pb.IMPORT_MODE_MERGE,
            "file_name": "deck.csv",
        }
        request = pb.ImportRatesRequest(**(values | fields))
        return await self._ask(RATES, "ImportRates", request, pb.ImportRatesResponse)

    async def rate_imports(self, group: str = "retail") -> list[pb.RateImport]:
        request = pb.ListRateImportsRequest(rate_group=group)
        response = await self._ask(RATES, "ListRateImports", request, pb.ListRateImportsResponse)
        return list(response.imports)

    async def roll_back(self, import_id: int) -> int:
        request = pb.RollBackRateImportRequest(import_id=import_id)
        response = await self._ask(
            RATES, "RollBackRateImport", request, pb.RollBackRateImportResponse
        )
        return response.rates

    async def reconcile(self, **fields: Any) -> pb.ReconcileResponse:
        request = pb.ReconcileRequest(**fields)
        return await self._ask(BILLING, "Reconcile", request, pb.ReconcileResponse)

    async def export(self, **fields: Any) -> str:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "begin_time": now - timedelta(days=1),
            "end_time": now + timedelta(days=1),
        }
        request = pb.ExportCdrsRequest(**(values | fields))
        method = method_of(BILLING, "ExportCdrs", pb.ExportCdrsRequest, pb.ExportCdrsResponse)
        parts = [part.content async for part in self._channel.stream(method, request)]
        return b"".join(parts).decode()

    async def rerate(self, call_id: str, **fields: Any) -> pb.RerateCdrResponse:
        request = pb.RerateCdrRequest(call_id=call_id, **fields)
        return await self._ask(BILLING, "RerateCdr", request, pb.RerateCdrResponse)

    async def rerate_many(self, **fields: Any) -> pb.RerateCdrsResponse:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "begin_time": now - timedelta(days=1),
            "end_time": now + timedelta(days=1),
        }
        request = pb.RerateCdrsRequest(**(values | fields))
        return await self._ask(BILLING, "RerateCdrs", request, pb.RerateCdrsResponse)

    async def report(self, *dimensions: int, **fields: Any) -> list[pb.ReportRow]:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "begin_time": now - timedelta(days=1),
            "end_time": now + timedelta(days=1),
        }
        request = pb.ReportRequest(
            dimensions=[pb.ReportDimension.ValueType(one) for one in dimensions],
            **(values | fields),
        )
        return list((await self._ask(BILLING, "Report", request, pb.ReportResponse)).rows)

    async def alarms(self, *, past: bool = False) -> list[alarms_pb2.Alarm]:
        request = alarms_pb2.ListAlarmsRequest(include_past=past)
        response = await self._ask(ALARMS, "ListAlarms", request, alarms_pb2.ListAlarmsResponse)
        return list(response.alarms)

    async def confirm(self, id: int, user: str) -> alarms_pb2.Alarm:
        request = alarms_pb2.ConfirmAlarmRequest(id=id, author=user)
        response = await self._ask(ALARMS, "ConfirmAlarm", request, alarms_pb2.ConfirmAlarmResponse)
        return response.alarm

    async def reconcile_peer(
        self, peer: str, **fields: Any
    ) -> reconciliation_pb2.ReconcilePeerResponse:
        request = reconciliation_pb2.ReconcilePeerRequest(peer=peer, **fields)
        return await self._ask(
            PEERS, "ReconcilePeer", request, reconciliation_pb2.ReconcilePeerResponse
        )

    async def peer_reconciliations(self) -> list[reconciliation_pb2.PeerReconciliation]:
        request = reconciliation_pb2.ListPeerReconciliationsRequest()
        response = await self._ask(
            PEERS,
            "ListPeerReconciliations",
            request,
            reconciliation_pb2.ListPeerReconciliationsResponse,
        )
        return list(response.reconciliations)

    async def report_conditions(
        self, reporter: str, *conditions: reports_pb2.ReportedCondition
    ) -> None:
        request = reports_pb2.ReportConditionsRequest(reporter=reporter, conditions=conditions)
        response = reports_pb2.ReportConditionsResponse
        await self._ask(REPORTS, "ReportConditions", request, response)

    async def send(self, *notices: reports_pb2.Notice) -> None:
        request = reports_pb2.SendNoticesRequest(notices=notices)
        await self._ask(REPORTS, "SendNotices", request, reports_pb2.SendNoticesResponse)

    async def apply(self, *documents: tuple[str, str, Any]) -> None:
        request = documents_pb2.ApplyDocumentsRequest(
            documents=[
                documents_pb2.Document(kind=kind, name=name, spec_json=json.dumps(spec))
                for kind, name, spec in documents
            ]
        )
        await self._ask(DOCUMENTS, "ApplyDocuments", request, documents_pb2.ApplyDocumentsResponse)

    async def document(self, kind: str, name: str) -> Any:
        request = documents_pb2.GetDocumentRequest(kind=kind, name=name)
        response = await self._ask(
            DOCUMENTS, "GetDocument", request, documents_pb2.GetDocumentResponse
        )
        return json.loads(response.document.spec_json)

    async def delete(self, kind: str, name: str) -> None:
        request = documents_pb2.DeleteDocumentRequest(kind=kind, name=name)
        await self._ask(DOCUMENTS, "DeleteDocument", request, documents_pb2.DeleteDocumentResponse)

    async def set(self, **values: str) -> None:
        request = parameters_pb2.SetParametersRequest(values=values)
        await self._ask(PARAMETERS, "SetParameters", request, parameters_pb2.SetParametersResponse)

    async def follows(self, name: str, value: str) -> None:
        """Return when this replica obeys a parameter that another one was told."""
        request = parameters_pb2.GetParameterRequest(name=name)
        while True:
            response = await self._ask(
                PARAMETERS, "GetParameter", request, parameters_pb2.GetParameterResponse
            )
            if response.parameter.value == value:
                return
            await asyncio.sleep(0.05)

    async def knows_rates(self) -> None:
        """Return when this replica can price a call of acme."""
        while True:
            with suppress(TrunklineError):
                await self.quote("447700900123", 1)
                return
            await asyncio.sleep(0.05)

    async def _ask(
        self, service: Any, method: str, request: Message, response: type[ResponseT]
    ) -> ResponseT:
        return await self._channel.call(
            method_of(service, method, type(request), response), request, timeout=10.0
        )


@asynccontextmanager
async def running_billing(database_url: str, **settings: Any) -> AsyncIterator[BillingClient]:
    """Run billing on a database until the block ends."""
    values = BillingSettings(
        secret_key=SecretStr("k" * 43),
        database_url=database_url,
        grpc_port=0,
        http_port=0,
        reflection=False,
        **settings,
    )
    service = Service(values)
    async with build(service, values):
        running = asyncio.create_task(service.run())
        try:
            yield BillingClient(service)
        finally:
            service.drain()
            await running


def cdr(call_id: str = "call-1", talk: float | None = 60.0, **fields: Any) -> pb.Cdr:
    """Return a finished call that ended just now; a talk of None was never answered."""
    end = datetime.now(UTC)
    answer = None if talk is None else end - timedelta(seconds=talk)
    values: dict[str, Any] = {
        "account": "acme",
        "billing_mode": pb.BILLING_MODE_MAPPING_GATEWAY,
        "callee": "447700900123",
        "callee_access": "00447700900123",
        "callee_to_gateway": "99447700900123",
        "caller": "15550100",
        "caller_access": "+15550100",
        "setup_time": (answer or end) - timedelta(seconds=5),
        "answer_time": answer,
        "end_time": end,
        "end_direction": common.END_DIRECTION_CALLER,
        "call_end_reason": common.CALL_END_REASON_CALLER_HANGUP,
        "sip_status": 200,
        "caller_endpoint": common.Endpoint(
            kind=common.ENDPOINT_KIND_MAPPING_GATEWAY, name="acme-pbx"
        ),
        "callee_endpoint": common.Endpoint(
            kind=common.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier"
        ),
        "caller_address": common.SocketAddress(ip="192.0.2.10", port=5060),
        "callee_address": common.SocketAddress(ip="198.51.100.7", port=5060),
        "signaling_instance": "signaling-0",
        "sip_call_id": "a84b4c76e66710@pc33.example.com",
        "codecs": ["PCMA", "PCMU"],
        "attempts": [
            common.Attempt(
                number=1,
                endpoint=common.Endpoint(
                    kind=common.ENDPOINT_KIND_ROUTING_GATEWAY, name="voxcarrier"
                ),
                sip_status=503,
                outcome="no answer",
            )
        ],
    }
    return pb.Cdr(call_id=call_id, **(values | fields))
