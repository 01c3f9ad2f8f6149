"""What other services see becomes alarms (MGT-13), what they tell is posted (MGT-14)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from support.billing_service import BillingClient, running_billing
from support.receiver import receiving
from support.waiting import until, until_true
from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.alarms.alarm import AlarmType
from trunkline_billing.alarms.reported import Report
from trunkline_billing.store.notice_rows import (
    ALARM,
    CALL_STATE,
    MONEY,
    PHONE_ONLINE,
    NoticeBook,
    notice_row,
)
from trunkline_billing.store.queues import NoticeQueue
from trunkline_billing.store.reports import HOLD, ReportedConditions
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError

QUICK = {"alarm_interval": timedelta(milliseconds=50)}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
VOX = AlarmType.GATEWAY_UNREACHABLE, "vox"


def unreachable(name: str = "vox", *, holds: bool = True) -> pb.ReportedCondition:
    return pb.ReportedCondition(
        type=pb.CONDITION_TYPE_GATEWAY_UNREACHABLE,
        object=name,
        holds=holds,
        evidence="198.51.100.7 does not answer",
    )


def now() -> Timestamp:
    stamp = Timestamp()
    stamp.GetCurrentTime()
    return stamp


def online(id: str, name: str = "2001") -> pb.Notice:
    endpoint = common.Endpoint(kind=common.ENDPOINT_KIND_PHONE, name=name)
    received = common.SocketAddress(ip="192.0.2.7", port=5060)
    told = pb.PhoneOnline(endpoint=endpoint, online=True, received=received, user_agent="baresip")
    return pb.Notice(id=id, time=now(), phone_online=told)


async def test_sig_16_a_gateway_that_signaling_cannot_reach_is_an_alarm(url: str) -> None:
    async with running_billing(url, **QUICK) as billing:
        await billing.report_conditions("signaling/a", unreachable())

        async def raised() -> bool:
            return [one.type for one in await billing.alarms()] == ["gateway unreachable"]

        await until_true(raised)
        (alarm,) = await billing.alarms()
        assert (alarm.object, alarm.evidence) == ("vox", "198.51.100.7 does not answer")


class Kept:
    """Reported conditions with a clock."""

    def __init__(self, database: Database) -> None:
        self.now = NOON
        self.conditions = ReportedConditions(database, lambda: self.now)

    async def holding(self) -> list[tuple[AlarmType, str]]:
        return [one.key for one in await self.conditions.conditions()]


@asynccontextmanager
async def keeping(url: str) -> AsyncIterator[Kept]:
    """Open them for a block."""
    database = Database(url)
    await database.migrate(MIGRATIONS)
    yield Kept(database)
    await database.close()


async def test_a_report_replaces_the_one_before_and_lapses_when_it_is_not_repeated(
    url: str,
) -> None:
    async with keeping(url) as kept:
        await kept.conditions.replace("signaling/a", [Report(*VOX, True)])
        first = await kept.holding()
        kept.now += HOLD + timedelta(seconds=1)
        lapsed = await kept.holding()
        await kept.conditions.replace("signaling/a", [Report(*VOX, True)])
        await kept.conditions.replace("signaling/a", [])

        assert (first, lapsed, await kept.holding()) == ([VOX], [], [])


async def test_after_a_start_no_alarm_is_over_before_its_reporter_could_speak(url: str) -> None:
    async with keeping(url) as kept:
        at_first = set(kept.conditions.types)
        kept.now += HOLD

        assert (at_first, AlarmType.GATEWAY_UNREACHABLE in kept.conditions.types) == (set(), True)


async def test_mgt_14_a_phone_that_registers_is_told(billing: BillingClient) -> None:
    async with receiving() as receiver:
        await billing.set(OUT_POST_URL=receiver.url)

        await billing.send(online("first"))

        await until(lambda: bool(receiver.taken))
        assert receiver.paths == ["/PhoneOnline"]
        (told,) = receiver.taken
        assert told.pop("time") > 0
        assert told == {
            "id": "first",
            "kind": "phone",
            "name": "2001",
            "online": True,
            "address": "192.0.2.7:5060",
            "userAgent": "baresip",
        }


async def test_mgt_14_where_a_call_stands_is_told(billing: BillingClient) -> None:
    vox = common.Endpoint(kind=common.ENDPOINT_KIND_ROUTING_GATEWAY, name="vox")
    ended = pb.CallState(
        call_id="call-1",
        state="ended",
        caller="15550100",
        callee="447700900123",
        callee_endpoint=vox,
        call_end_reason=common.CALL_END_REASON_CALLER_HANGUP,
    )
    async with receiving() as receiver:
        await billing.set(OUT_POST_URL=receiver.url)

        await billing.send(pb.Notice(id="first", time=now(), call_state=ended))

        await until(lambda: bool(receiver.taken))
        assert receiver.paths == ["/CallStateReport"]
        assert receiver.taken[0].items() >= {
            ("callId", "call-1"),
            ("state", "ended"),
            ("calleeName", "vox"),
            ("endReason", "caller hangup"),
        }


async def test_mgt_14_money_and_alarms_wait_in_another_queue_than_what_passes(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    rows = [notice_row("x", path, {}, NOON) for path in (MONEY, ALARM, PHONE_ONLINE, CALL_STATE)]
    await NoticeBook(database).owe(rows)

    kept = [one.content.path for one in await NoticeQueue(database, kept=True).owed(10)]
    passing = [one.content.path for one in await NoticeQueue(database, kept=False).owed(10)]
    await database.close()

    assert (kept, passing) == ([MONEY, ALARM], [PHONE_ONLINE, CALL_STATE])


async def test_mgt_14_without_a_url_nothing_is_kept(billing: BillingClient) -> None:
    await billing.send(online("early"))

    async with receiving() as receiver:
        await billing.set(OUT_POST_URL=receiver.url)
        await billing.send(online("late"))

        await until(lambda: bool(receiver.taken))
        assert [one["id"] for one in receiver.taken] == ["late"]


@pytest.mark.parametrize(
    "notice",
    [pb.Notice(time=now(), phone_online=pb.PhoneOnline()), pb.Notice(id="x", time=now())],
    ids=["no id", "no event"],
)
async def test_a_notice_that_says_nothing_is_refused(
    billing: BillingClient, notice: pb.Notice
) -> None:
    with pytest.raises(TrunklineError) as refused:
        await billing.send(notice)

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_a_condition_of_no_known_type_is_refused(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError) as refused:
        await billing.report_conditions(
            "signaling/a", pb.ReportedCondition(object="vox", holds=True)
        )

    assert refused.value.fault is Fault.INVALID_ARGUMENT
