"""BIL-12, MGT-14: what outputs owe is quick to look through, and bounded, however long it gets."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import insert
from support.billing import NOW
from trunkline_billing.__main__ import MIGRATIONS
from trunkline_billing.cdrs.retries import try_for_ever
from trunkline_billing.outputs.ordered import OrderedOutput
from trunkline_billing.store.notice_rows import MONEY, notice_row
from trunkline_billing.store.queues import Notice, NoticeQueue
from trunkline_billing.store.tables import NOTICES
from trunkline_kernel.database import Database

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Endpoint:
    """Takes what its switch lets through."""

    name = "endpoint"
    wanted = True

    def __init__(self) -> None:
        self.works = False

    def subject(self, content: Notice) -> str:
        return content.path

    async def take(self, content: Notice) -> str:
        return "" if self.works else "no answer"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate(MIGRATIONS)
    yield database
    await database.close()


async def owe(database: Database, *accounts: str, age: timedelta = timedelta(0)) -> None:
    rows = [notice_row(account, MONEY, {}, NOW - age) for account in accounts]
    async with database.session() as session:
        await session.execute(insert(NOTICES), rows)


async def test_an_account_is_due_when_its_oldest_item_is(database: Database) -> None:
    await owe(database, "b", "a", "b", "c", "a")
    queue = NoticeQueue(database, kept=True)
    first = {one.account: one.id for one in reversed(await queue.owed(10))}
    await queue.postpone(first["b"], 1, NOW + HOUR)

    assert sorted(await queue.due_accounts(NOW, 10)) == ["a", "c"]
    assert sorted(await queue.due_accounts(NOW + HOUR, 10)) == ["a", "b", "c"]
    assert len(await queue.due_accounts(NOW + HOUR, 2)) == 2


async def test_an_empty_queue_has_nobody_due(database: Database) -> None:
    assert await NoticeQueue(database, kept=True).due_accounts(NOW, 10) == []


async def test_a_receiver_that_is_gone_for_a_day_is_owed_no_more_than_that(
    database: Database,
) -> None:
    await owe(database, *["acme"] * 300, age=DAY + HOUR)
    queue, outcomes, now = NoticeQueue(database, kept=True), [], [NOW - DAY]
    output = OrderedOutput(queue, Endpoint(), lambda: now[0], lambda *told: outcomes.append(told))
    await output.deliver_some()
    assert await queue.count() == 300

    now[0] = NOW + 3 * HOUR
    await owe(database, "acme")
    await output.deliver_some()

    assert await queue.count() == 1
    assert ("given_up", 299) in outcomes


async def test_a_bad_item_is_given_up_alone_while_the_receiver_takes_others(
    database: Database,
) -> None:
    queue, endpoint, now = NoticeQueue(database, kept=True), Endpoint(), [NOW - 2 * DAY]
    output = OrderedOutput(queue, endpoint, lambda: now[0], lambda *_: None)
    endpoint.works, now[0] = True, NOW - HOUR
    await owe(database, "other", age=HOUR)
    await output.deliver_some()

    endpoint.works, now[0] = False, NOW
    await owe(database, *["acme"] * 3, age=DAY + 4 * HOUR)
    await output.deliver_some()

    assert await queue.count() == 2


async def test_a_stream_is_owed_for_ever(database: Database) -> None:
    await owe(database, "acme", age=9 * DAY)
    queue, now = NoticeQueue(database, kept=True), [NOW - 9 * DAY]
    output = OrderedOutput(queue, Endpoint(), lambda: now[0], lambda *_: None, try_for_ever)
    now[0] = NOW
    await output.deliver_some()

    assert await queue.count() == 1
