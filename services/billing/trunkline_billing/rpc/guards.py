"""What operators need a right for in billing, besides documents and parameters (MGT-12)."""

from collections.abc import Mapping
from typing import Final

from trunkline.billing.v1 import alarms_pb2, reconciliation_pb2
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.rights import Action, Rule


def _pay(request: pb.PayRequest) -> Action:
    named = [request.account, *filter(None, [request.agent])]
    return Action("payments", tuple(f"Account/{name}" for name in named))


def _create_cdr(request: pb.CreateCdrRequest) -> Action:
    return Action("cdrs", (f"Account/{request.account}",))


def _rerate_cdr(request: pb.RerateCdrRequest) -> Action:
    return Action("cdrs", (f"Cdr/{request.call_id}",))


def _rerate_cdrs(request: pb.RerateCdrsRequest) -> Action | None:
    return None if request.dry_run else Action("cdrs", (f"Account/{request.account or '*'}",))


def _import_rates(request: pb.ImportRatesRequest) -> Action | None:
    return None if request.dry_run else Action("rates", (f"RateGroup/{request.rate_group}",))


def _stream_rate_import(message: pb.StreamRateImportRequest) -> Action | None:
    return _import_rates(message.request)


def _roll_back(request: pb.RollBackRateImportRequest) -> Action:
    return Action("rates", (f"RateImport/{request.import_id}",))


def _confirm_alarm(request: alarms_pb2.ConfirmAlarmRequest) -> Action:
    return Action("alarms", (f"Alarm/{request.id}",))


def _reconcile_peer(request: reconciliation_pb2.ReconcilePeerRequest) -> Action:
    return Action("reconciliation", (f"ReconciliationPeer/{request.peer}",))


GUARDS: Final[Mapping[str, Rule]] = {
    "/trunkline.billing.v1.AlarmService/ConfirmAlarm": _confirm_alarm,
    "/trunkline.billing.v1.BillingService/Pay": _pay,
    "/trunkline.billing.v1.BillingService/CreateCdr": _create_cdr,
    "/trunkline.billing.v1.BillingService/RerateCdr": _rerate_cdr,
    "/trunkline.billing.v1.BillingService/RerateCdrs": _rerate_cdrs,
    "/trunkline.billing.v1.PeerReconciliationService/ReconcilePeer": _reconcile_peer,
    "/trunkline.billing.v1.RateService/ImportRates": _import_rates,
    "/trunkline.billing.v1.RateService/StreamRateImport": _stream_rate_import,
    "/trunkline.billing.v1.RateService/RollBackRateImport": _roll_back,
}
