"""MGT-13 and MGT-14 on a running service: alarms come and go, and the outside is told."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.billing import NOW
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.receiver import receiving
from support.waiting import until, until_true
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.accounts.account import Accounts
from trunkline_billing.alarms.alarm import Condition
from trunkline_billing.alarms.rules import Traffic
from trunkline_billing.alarms.traffic import Minute, TrafficCounter
from trunkline_billing.alarms.watchman import Watchman
from trunkline_billing.store.alarms import AlarmStore
from trunkline_billing.store.readings import Readings
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError

LOW_ASR = {"watch": "gatewayAsr", "object": "voxcarrier", "lower": "30", "minimumCalls": 5}
QUICK = {"alarm_interval": timedelta(milliseconds=50)}


async def alarms_are(billing: BillingClient, *types: str) -> None:
    """Return when these alarms hold and no others."""

    async def they_are() -> bool:
        return [one.type for one in await billing.alarms()] == list(types)

    await until_true(they_are)


async def make_calls(billing: BillingClient, answered: bool, count: int) -> None:
    for number in range(count):
        finished = cdr(f"{answered}-{number}", talk=6 if answered else None)
        finished.attempts[0].answered = answered
        await billing.settle(finished)


async def test_mgt_13_a_gateway_that_answers_too_little_is_one_alarm_until_it_answers(
    url: str,
) -> None:
    async with running_billing(url, **QUICK) as billing:
        await billing.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", {**ACME, "openingBalance": "100"}),
            ("AlarmRule", "vox", LOW_ASR),
        )

        await make_calls(billing, False, 8)
        await alarms_are(billing, "gateway ASR")
        (alarm,) = await billing.alarms()
        await make_calls(billing, True, 8)
        await alarms_are(billing)

        assert (alarm.object, alarm.value, alarm.lower) == ("voxcarrier", "0.0", "30")
        (over,) = await billing.alarms(past=True)
        assert over.id == alarm.id
        assert over.HasField("stop_time")


async def test_mgt_13_a_balance_alarm_is_over_when_money_comes(url: str) -> None:
    async with running_billing(url, **QUICK) as billing:
        await billing.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", ACME),
            ("AlarmRule", "poor", {"watch": "accountBalance", "lower": "5"}),
        )

        await alarms_are(billing, "account balance")
        await billing.pay("more", "10")

        await alarms_are(billing)


async def test_mgt_13_who_confirms_an_alarm_first_is_kept(url: str) -> None:
    async with running_billing(url, **QUICK) as billing:
        await billing.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", ACME),
            ("AlarmRule", "poor", {"watch": "accountBalance", "lower": "5"}),
        )
        await alarms_are(billing, "account balance")
        (alarm,) = await billing.alarms()

        seen = await billing.confirm(alarm.id, "ada")
        again = await billing.confirm(alarm.id, "bob")

        assert (seen.confirmed_by, again.confirmed_by) == ("ada", "ada")
        assert again.confirm_time == seen.confirm_time


async def test_mgt_13_an_unknown_alarm_cannot_be_confirmed(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError) as refused:
        await billing.confirm(7, "ada")

    assert refused.value.fault is Fault.NOT_FOUND


@pytest.mark.parametrize(
    "spec",
    [{"watch": "gatewayAsr"}, {"watch": "weather", "lower": "1"}],
    ids=["no limit", "nothing known"],
)
async def test_mgt_13_a_rule_that_says_nothing_is_rejected(
    billing: BillingClient, spec: dict[str, Any]
) -> None:
    with pytest.raises(TrunklineError) as refused:
        await billing.apply(("AlarmRule", "bad", spec))

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_mgt_14_a_payment_is_told_and_a_cdr_is_not(billing: BillingClient) -> None:
    async with receiving() as receiver:
        await billing.set(OUT_POST_URL=receiver.url)

        await billing.settle(cdr())
        await billing.pay("first", "5")

        await until(lambda: bool(receiver.taken))
        assert receiver.paths == ["/CustomerMoneyChange"]
        assert receiver.taken[0].items() >= {
            ("account", "acme"),
            ("change", "5"),
            ("money", "5.90"),
            ("currency", "USD"),
            ("requestId", "first"),
        }


@pytest.mark.parametrize(
    ("status", "answer"), [(500, b""), (200, b'{"retCode": 3}')], ids=["failed", "refused"]
)
async def test_mgt_14_a_notice_that_is_not_taken_is_told_again_in_its_order(
    billing: BillingClient, status: int, answer: bytes
) -> None:
    async with receiving() as receiver:
        await billing.set(OUT_POST_URL=receiver.url)
        receiver.status, receiver.answer = status, answer
        await billing.pay("first", "5")
        await billing.pay("second", "6")
        await until(lambda: receiver.asked > 0)

        receiver.status, receiver.answer = 200, b'{"retCode": 0}'
        receiver.taken.clear()

        await until(lambda: len(receiver.taken) == 2)
        assert [one["requestId"] for one in receiver.taken] == ["first", "second"]


async def test_mgt_14_a_receiver_that_is_away_delays_no_call(billing: BillingClient) -> None:
    await billing.set(OUT_POST_URL="http://127.0.0.1:9")

    await billing.pay("first", "5")

    assert (await billing.authorize()).HasField("authorization")
    assert await billing.balance() == "6.00"


async def test_mgt_14_an_alarm_is_told_when_it_begins_and_when_it_is_over(url: str) -> None:
    async with receiving() as receiver, running_billing(url, **QUICK) as billing:
        await billing.set(OUT_POST_URL=receiver.url)
        await billing.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", ACME),
            ("AlarmRule", "poor", {"watch": "accountBalance", "lower": "5"}),
        )
        await alarms_are(billing, "account balance")
        await billing.pay("more", "10")

        def told() -> list[dict[str, Any]]:
            return [one for one in receiver.taken if "object" in one]

        await until(lambda: len(told()) == 2)
        assert [(one["type"], one["stop"] is None) for one in told()] == [
            ("account balance", True),
            ("account balance", False),
        ]


class Absent(Readings):
    """Readings of a database that may be away."""

    away = False

    async def add(self, minutes: Mapping[Minute, Traffic], now: datetime) -> None:
        if self.away:
            raise OSError("connection refused")
        await super().add(minutes, now)


class Board:
    """What a replica shows."""

    def __init__(self) -> None:
        self.traffic = TrafficCounter()
        self.queues: dict[str, int] = {}
        self.failing = False
        self.shown: list[str] = []

    def alarmed(self, conditions: Iterable[Condition]) -> None:
        self.shown = [one.type for one in conditions]


async def test_mgt_13_a_database_that_was_away_is_an_alarm_of_that_time(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    clock, store, readings, board = [NOW], AlarmStore(database), Absent(database), Board()
    watchman = Watchman(
        store, readings, list, Accounts(), board, lambda: clock[0], tell=lambda: False
    )
    await watchman.look()

    readings.away = True
    for minute in range(3):
        clock[0] = NOW + timedelta(minutes=minute)
        with pytest.raises(OSError, match="refused"):
            await watchman.look()
    while_away = board.shown
    readings.away = False
    await watchman.look()

    (alarm,) = await store.page(current=False, before=None, limit=10)
    await database.close()
    assert (while_away, board.shown) == (["database"], [])
    assert (alarm.start, alarm.stop) == (NOW, NOW + timedelta(minutes=2))


async def test_mgt_13_a_commit_that_failed_is_an_alarm_until_one_succeeds(url: str) -> None:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    store, board = AlarmStore(database), Board()
    watchman = Watchman(
        store, Readings(database), list, Accounts(), board, lambda: NOW, tell=lambda: False
    )

    board.failing = True
    await watchman.look()
    raised = await store.current()
    board.failing = False
    await watchman.look()

    assert [type for type, _ in raised] == ["database"]
    assert await store.current() == {}
    await database.close()
