"""The group commit: durable before it is answered, and never in doubt after a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from support.billing import NOW, USD, account, call, deck, opening, seconds, start, till
from support.waiting import until
from trunkline_billing.accounts.purse import Purse
from trunkline_billing.cashier.cashier import SETTLE_BEHIND, Cashier
from trunkline_billing.cashier.observer import NoObserver
from trunkline_billing.cashier.work import Expire, Pay, Post, Settle
from trunkline_billing.charging.changes import Changes
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.errors import LedgerUnavailable
from trunkline_billing.ledger.payments import Payment
from trunkline_billing.money import Money
from trunkline_billing.store.journal import Away, Known, Taken

AHEAD = Rules(advance=seconds(60))


class MemoryJournal:
    """A database in memory that can be told to fail."""

    shared = False

    def __init__(self) -> None:
        self.purses: dict[str, Purse] = {}
        self.written: list[Changes] = []
        self.refuse: Callable[[Changes], Exception | None] = lambda _: None

    async def load(self, books: Till) -> None:
        books.purses = {name: replace(purse) for name, purse in self.purses.items()}
        books.reservations = {}

    @asynccontextmanager
    async def write(self) -> AsyncIterator["MemoryJournal"]:
        yield self

    async def lock_calls(self, books: Till, calls: Collection[str]) -> None:
        """Nobody else holds them."""

    async def lock_purses(self, books: Till, accounts: Collection[str]) -> None:
        """Nobody else holds them."""

    async def known(self, transactions: Collection[str]) -> Known:
        booked = {
            posted.transaction.id: posted.transaction.content
            for changes in self.written
            for posted in changes.posted
        }
        return {id: booked[id] for id in transactions if id in booked}

    async def store(self, changes: Changes, books: Till) -> None:
        purses = {name: replace(books.purse(name)) for name in changes.purses}
        await asyncio.sleep(0)
        if error := self.refuse(changes):
            raise error
        self.written.append(changes)
        self.purses |= purses

    async def expired(self, now: datetime) -> list[str]:
        return []


@asynccontextmanager
async def cashier_on(
    journal: MemoryJournal,
    rules: Rules = AHEAD,
    clock: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[Cashier]:
    books = till(account(), decks=[deck("retail", p44="0.10")])
    cashier = Cashier(books, journal, lambda: rules, clock, NoObserver(), seconds(0))
    await cashier.load()
    running = asyncio.create_task(cashier.run())
    await cashier.submit(Post(opening("acme", "1"), "acme"))
    yield cashier
    running.cancel()


def away(_: Changes) -> Exception:
    return Away("disk full")


async def test_a_settlement_is_answered_when_it_is_durable() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        await cashier.submit(Settle(call()))

        assert journal.purses["acme"].balance == Decimal("0.90")


async def test_an_authorization_is_answered_at_once_and_written_behind() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        await cashier.authorize(start())

        assert len(journal.written) == 1
        await until(lambda: len(journal.written) == 2)
        assert journal.purses["acme"].reserved == Decimal("0.10")


async def test_an_authorization_during_a_commit_is_written_behind_too() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier, asyncio.TaskGroup() as tasks:
        calls = iter(["second"])

        def another_calls(_: Changes) -> None:
            for call_id in calls:
                tasks.create_task(cashier.authorize(start(call_id)))

        journal.refuse = another_calls
        await cashier.authorize(start("first"))
        await until(lambda: len(journal.written) == 2)
        await asyncio.sleep(0.01)

        assert len(journal.written) == 2
        await until(lambda: len(journal.written) == 3)
        assert journal.purses["acme"].calls == 2


async def test_a_settlement_waits_for_others_unless_something_else_is_written() -> None:
    loop = asyncio.get_running_loop()
    async with cashier_on(MemoryJournal()) as cashier:
        began = loop.time()
        await cashier.submit(Settle(call("alone")))
        assert loop.time() - began >= SETTLE_BEHIND

        settling = asyncio.create_task(cashier.submit(Settle(call("in company"))))
        await asyncio.sleep(0)
        await cashier.submit(Post(opening("acme", "1"), "acme"))
        assert settling.done()


async def test_requests_that_wait_together_are_written_together() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        await asyncio.gather(*(cashier.submit(Settle(call(f"c{n}"))) for n in range(5)))

        assert [len(changes.posted) for changes in journal.written] == [1, 5]


async def test_a_failed_write_books_nothing_and_says_so() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        journal.refuse = away
        with pytest.raises(LedgerUnavailable, match="disk full"):
            await cashier.submit(Settle(call()))
        journal.refuse = lambda _: None

        await until(lambda: cashier.ready)
        assert cashier.till.purse("acme").balance == 1
        assert await cashier.submit(Settle(call())) is not None
        assert cashier.till.purse("acme").balance == Decimal("0.90")


async def test_no_call_begins_while_the_ledger_is_away() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        journal.refuse = away
        with pytest.raises(LedgerUnavailable):
            await cashier.submit(Settle(call()))

        with pytest.raises(LedgerUnavailable):
            await cashier.authorize(start())


async def test_a_call_keeps_the_reservation_that_could_not_be_written() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        journal.refuse = away
        await cashier.authorize(start("living"))
        with pytest.raises(LedgerUnavailable):
            await cashier.submit(Settle(call("other")))
        journal.refuse = lambda _: None

        await until(lambda: cashier.ready)
        assert (await cashier.extend("living", seconds(30))).granted == seconds(120)
        assert cashier.till.purse("acme").reserved == Decimal("0.20")


async def test_a_request_the_database_refuses_harms_no_other() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        journal.refuse = lambda changes: (
            ValueError("cannot store that")
            if any(posted.transaction.reference == "poison" for posted in changes.posted)
            else None
        )

        bad, good = await asyncio.gather(
            cashier.submit(Settle(call("poison"))),
            cashier.submit(Settle(call("fine"))),
            return_exceptions=True,
        )

        assert isinstance(bad, LedgerUnavailable)
        assert not isinstance(good, BaseException)
        assert cashier.till.purse("acme").balance == Decimal("0.90")


async def test_a_call_whose_owner_is_gone_is_settled_when_its_lease_runs_out() -> None:
    journal, present = MemoryJournal(), [NOW]
    brief = Rules(lease=timedelta(milliseconds=20))
    async with cashier_on(journal, brief, lambda: present[0]) as cashier:
        await cashier.authorize(start())
        await cashier.extend("call-1", seconds(90))
        present[0] += seconds(200)
        expiring = asyncio.create_task(cashier.expire_leases(seconds(0.01)))

        await until(lambda: journal.purses["acme"].balance == Decimal("0.80"))

        expiring.cancel()
        cdrs = [cdr for changes in journal.written for cdr in changes.cdrs]
        assert [cdr.hold_time for cdr in cdrs] == [seconds(90)]
        assert await cashier.submit(Settle(call())) is None


def unique(journal: MemoryJournal) -> Callable[[Changes], Exception | None]:
    """Return what refuses a transaction that is booked, as the table's key does."""

    def refuse(changes: Changes) -> Exception | None:
        booked = {one.transaction.id for written in journal.written for one in written.posted}
        again = any(posted.transaction.id in booked for posted in changes.posted)
        return Taken("booked") if again else None

    return refuse


async def test_a_reservation_that_came_after_the_settlement_ends_with_its_lease() -> None:
    journal, present = MemoryJournal(), [NOW]
    brief = Rules(lease=timedelta(milliseconds=20), advance=seconds(60))
    async with cashier_on(journal, brief, lambda: present[0]) as cashier:
        journal.refuse = unique(journal)
        await cashier.submit(Settle(call()))
        await cashier.authorize(start())
        present[0] += seconds(200)
        expiring = asyncio.create_task(cashier.expire_leases(seconds(0.01)))

        await until(lambda: not cashier.till.reservations)

        expiring.cancel()
        purse = cashier.till.purse("acme")
        assert (purse.balance, purse.reserved, purse.calls) == (Decimal("0.90"), Decimal(0), 0)


async def test_a_settlement_that_is_repeated_after_a_late_reservation_is_known_again() -> None:
    journal = MemoryJournal()
    async with cashier_on(journal) as cashier:
        journal.refuse = unique(journal)
        await cashier.submit(Settle(call()))
        await cashier.authorize(start())

        assert await cashier.submit(Settle(call())) is None
        purse = cashier.till.purse("acme")
        assert (purse.balance, purse.reserved, purse.calls) == (Decimal("0.90"), Decimal(0), 0)


async def test_a_payment_is_known_again() -> None:
    payment = Payment("pay-1", "acme", Money(Decimal(5), USD))
    async with cashier_on(MemoryJournal()) as cashier:
        assert await cashier.submit(Pay(payment)) == 6

        assert await cashier.submit(Pay(payment)) is None
        assert cashier.till.purse("acme").balance == 6


async def test_a_clock_that_steps_back_costs_nobody_money() -> None:
    clock = [NOW]
    journal = MemoryJournal()
    async with cashier_on(journal, clock=lambda: clock[0]) as cashier:
        await cashier.authorize(start("call-1"))
        clock[0] = NOW - timedelta(hours=1)
        await cashier.extend("call-1", seconds(30))
        await cashier.submit(Settle(call("call-1", talk=60)))
        again = await cashier.submit(Settle(call("call-1", talk=60)))

    assert again is None
    assert journal.purses["acme"].balance == Decimal("0.90")
    assert journal.purses["acme"].reserved == 0


async def test_a_clock_that_steps_back_expires_no_lease_early_nor_never() -> None:
    clock = [NOW]
    books = till(account(), decks=[deck("retail", p44="0.10")], acme="1")
    held = books.authorize(start("call-1"), AHEAD, NOW)
    clock[0] = NOW - timedelta(hours=1)

    books.extend("call-1", seconds(30), AHEAD, clock[0])

    assert held.lease_until == clock[0] + AHEAD.lease
    assert Expire("call-1").decide(books, {}, AHEAD, clock[0]) is None
    settlement = Expire("call-1").decide(books, {}, AHEAD, held.lease_until)
    assert settlement is not None
    assert settlement.cdr.call.talk == seconds(30)
