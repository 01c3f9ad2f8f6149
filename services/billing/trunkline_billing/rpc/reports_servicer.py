"""ReportService over gRPC: what other services see (MGT-13) and what they tell (MGT-14)."""

from collections.abc import Callable
from typing import Final

from trunkline.common.v1 import reports_pb2 as pb
from trunkline.common.v1.reports_pb2_grpc import ReportServiceServicer
from trunkline_kernel.rpc import Context

from ..alarms.alarm import AlarmType
from ..alarms.reported import Report
from ..errors import BadInput
from ..store.notice_rows import NoticeBook
from ..store.reports import ReportedConditions
from . import decode
from .notices import notice_of

TYPES: Final = {
    pb.CONDITION_TYPE_GATEWAY_UNREACHABLE: AlarmType.GATEWAY_UNREACHABLE,
    pb.CONDITION_TYPE_NOT_REGISTERED: AlarmType.NOT_REGISTERED,
    pb.CONDITION_TYPE_DOMAIN_UNRESOLVED: AlarmType.DOMAIN_UNRESOLVED,
    pb.CONDITION_TYPE_LOGIN_DISABLED: AlarmType.LOGIN_DISABLED,
}
MAX_EVIDENCE: Final = 500
MAX_NOTICES: Final = 1000


class ReportsServicer(ReportServiceServicer):
    """Takes reports of other services."""

    def __init__(
        self, conditions: ReportedConditions, notices: NoticeBook, wanted: Callable[[], bool]
    ) -> None:
        """`wanted` says whether notices are told to anybody."""
        self._conditions = conditions
        self._notices = notices
        self._wanted = wanted

    async def ReportConditions(
        self, request: pb.ReportConditionsRequest, context: Context
    ) -> pb.ReportConditionsResponse:
        reporter = decode.required(request.reporter, "reporter")
        reports = {(one := _report(each)).key: one for each in request.conditions}
        await self._conditions.replace(reporter, reports.values())
        return pb.ReportConditionsResponse()

    async def SendNotices(
        self, request: pb.SendNoticesRequest, context: Context
    ) -> pb.SendNoticesResponse:
        if not 1 <= len(request.notices) <= MAX_NOTICES:
            raise BadInput(f"notices: must be 1 to {MAX_NOTICES}, not {len(request.notices)}")
        rows = [notice_of(each) for each in request.notices]
        if self._wanted():
            await self._notices.owe(rows)
        return pb.SendNoticesResponse()


def _report(condition: pb.ReportedCondition) -> Report:
    type = TYPES.get(condition.type)
    if type is None:
        raise BadInput(f"conditions.type: {condition.type} is none that is known here")
    subject = decode.required(condition.object, "conditions.object")
    evidence = decode.clean(condition.evidence)[:MAX_EVIDENCE]
    return Report(type, subject, condition.holds, evidence)
