"""AlarmService over gRPC: what is wrong, and who has seen it (MGT-13)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from trunkline.billing.v1 import alarms_pb2 as pb
from trunkline.billing.v1.alarms_pb2_grpc import AlarmServiceServicer
from trunkline_kernel.rpc import Context

from ..alarms.alarm import Alarm
from ..cdrs.query import page_limit
from ..errors import UnknownAlarm
from ..store.alarms import AlarmStore
from . import decode, pages
from .encode import timestamp


class AlarmsServicer(AlarmServiceServicer):
    """Answers for the alarms of one billing service."""

    def __init__(self, store: AlarmStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def ListAlarms(
        self, request: pb.ListAlarmsRequest, context: Context
    ) -> pb.ListAlarmsResponse:
        limit = page_limit(request.page_size)
        found = await self._store.page(
            current=not request.include_past,
            before=pages.entry_before(request.page_token),
            limit=limit,
        )
        more = found[-1].id if len(found) == limit else None
        return pb.ListAlarmsResponse(
            alarms=[_alarm(one) for one in found],
            next_page_token=pages.entry_token(more) if more is not None else "",
        )

    async def ConfirmAlarm(
        self, request: pb.ConfirmAlarmRequest, context: Context
    ) -> pb.ConfirmAlarmResponse:
        author = decode.required(request.author, "author")
        alarm = await self._store.confirm(request.id, author, self._clock())
        if alarm is None:
            raise UnknownAlarm(f"no alarm has the number {request.id}")
        return pb.ConfirmAlarmResponse(alarm=_alarm(alarm))


def _alarm(alarm: Alarm) -> pb.Alarm:
    condition = alarm.condition
    return pb.Alarm(
        id=alarm.id,
        type=condition.type,
        object=condition.subject,
        level=pb.AlarmLevel.ValueType(condition.level + 1),
        value=_number(condition.value),
        lower=_number(condition.lower),
        upper=_number(condition.upper),
        evidence=condition.evidence,
        start_time=timestamp(alarm.start),
        stop_time=timestamp(alarm.stop),
        confirmed_by=alarm.confirmed_by,
        confirm_time=timestamp(alarm.confirmed_at),
    )


def _number(value: Decimal | None) -> str:
    return "" if value is None else format(value, "f")
