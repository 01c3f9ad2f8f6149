"""Kills billing at random moments and looks whether the money still adds up.

One seeded run: billing lives several times on one database. Each life settles calls and takes
payments, until SIGKILL ends it at a random moment; what was asked and what was answered survives
in a pipe. In the last life everything unanswered is delivered again, as outboxes do, and a part of
what was answered too. Then the books are audited.

Run as a program: it forks a process a life, so it should have no threads of its own.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from support.billing import USD, account, call, deck, opening, start
from trunkline_billing.__main__ import MIGRATIONS, now, open_journal
from trunkline_billing.accounts.account import Accounts
from trunkline_billing.cashier.cashier import Cashier
from trunkline_billing.cashier.observer import NoObserver
from trunkline_billing.cashier.work import Pay, Post, Settle
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.errors import LedgerUnavailable, Refused
from trunkline_billing.ledger.payments import Payment
from trunkline_billing.ledger.transactions import is_account
from trunkline_billing.money import Money
from trunkline_billing.store.cdr_rows import decode_cdr
from trunkline_billing.store.reservation_rows import decode_reservation
from trunkline_billing.store.tables import CDRS, ENTRIES, PURSES, RESERVATIONS, TRANSACTIONS
from trunkline_kernel.database import Database

LIVES: Final = 3
CALLERS: Final = 6
RULES: Final = Rules(advance=timedelta(seconds=60))
ACCOUNTS: Final = (
    account("acme"),
    account("child", agent="acme"),
    account("vox", rate_group="vox", overdraft=None),
)
DECKS: Final = (deck("retail", p44="0.10"), deck("vox", p44="0.03"))


@dataclass(slots=True)
class Log:
    """What was asked of billing, and what it answered."""

    asked: dict[str, float] = field(default_factory=dict)
    """Talk seconds of a call, amount of a payment, by id."""
    answered: set[str] = field(default_factory=set)


@asynccontextmanager
async def alive(url: str) -> AsyncIterator[Cashier]:
    """Run the cashier on a database, as the service wires it."""
    database = Database(url)
    async with open_journal(database) as journal:
        till = Till(Accounts(ACCOUNTS), {one.name: one for one in DECKS})
        cashier = Cashier(till, journal, lambda: RULES, now, NoObserver())
        await cashier.load()
        running = asyncio.create_task(cashier.run())
        yield cashier
        await cashier.flush()
        running.cancel()
    await database.close()


async def prepare(url: str) -> None:
    """Make the tables and open the accounts."""
    database = Database(url)
    await database.migrate(MIGRATIONS)
    await database.close()
    async with alive(url) as cashier:
        for name in ("acme", "child"):
            await cashier.submit(Post(opening(name, "1000"), name))


async def empty(url: str) -> None:
    """Forget everything but the tables, and open the accounts again."""
    database = Database(url)
    async with database.engine.begin() as connection:
        for table in (ENTRIES, TRANSACTIONS, CDRS, RESERVATIONS, PURSES):
            await connection.execute(table.delete())
    await database.close()
    async with alive(url) as cashier:
        for name in ("acme", "child"):
            await cashier.submit(Post(opening(name, "1000"), name))


async def live(url: str, seed: str, pipe: int) -> None:
    """Place calls and pay until killed."""
    chance = random.Random(seed)
    async with alive(url) as cashier:
        os.write(pipe, b'["alive"]\n')
        await asyncio.gather(*(_caller(cashier, chance, seed, who, pipe) for who in range(CALLERS)))


async def finish(url: str, log: Log, seed: str) -> None:
    """Deliver again what was not answered, and some of what was."""
    chance = random.Random(seed)
    again = [id for id in log.asked if id not in log.answered or chance.random() < 0.3]
    async with alive(url) as cashier:
        await asyncio.gather(*(deliver(cashier, id, log.asked[id]) for id in again))
        for held in list(await _held(url)):
            await cashier.submit(Settle(call(held, talk=None)))


async def deliver(cashier: Cashier, id: str, value: float) -> None:
    """Settle a call or pay a payment by its id, again and again while the ledger is away."""
    while True:
        try:
            return await _ask(cashier, id, value)
        except LedgerUnavailable:
            await asyncio.sleep(0.1)


async def _ask(cashier: Cashier, id: str, value: float) -> None:
    if id.startswith("pay"):
        await cashier.submit(Pay(Payment(id, "acme", Money(Decimal(str(value)), USD))))
    else:
        payer = "child" if id.startswith("child") else "acme"
        await cashier.submit(Settle(call(id, talk=value, payer=payer, clearing_account="vox")))


async def _caller(cashier: Cashier, chance: random.Random, seed: str, who: int, pipe: int) -> None:
    for number in range(10_000):
        kind = chance.choice(["acme", "acme", "child", "pay"])
        id = f"{kind}-{seed}-{who}-{number}"
        value = float(chance.randint(1, 9)) if kind == "pay" else chance.uniform(0, 200)
        if kind != "pay":
            try:
                await cashier.authorize(start(id, kind))
            except (Refused, LedgerUnavailable):
                continue
            if chance.random() < 0.5:
                await cashier.extend(id, timedelta(seconds=chance.uniform(0, 50)))
            await asyncio.sleep(chance.uniform(0, 0.004))
        os.write(pipe, json.dumps(["asked", id, value]).encode() + b"\n")
        await deliver(cashier, id, value)
        os.write(pipe, json.dumps(["answered", id]).encode() + b"\n")


async def audit(url: str, log: Log) -> list[str]:
    """Return what is wrong with the books."""
    database = Database(url)
    async with database.engine.connect() as connection:
        problems = [
            *await _unbalanced(connection),
            *await _wrong_purses(connection),
            *await _wrong_cdrs(connection, log),
            *await _lost(connection, log),
        ]
    await database.close()
    return problems


async def _unbalanced(connection: AsyncConnection) -> list[str]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in await connection.execute(select(ENTRIES)):
        sums[row.transaction_id] += row.amount
    return [f"{id} sums to {total}" for id, total in sums.items() if total]


async def _wrong_purses(connection: AsyncConnection) -> list[str]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in await connection.execute(select(ENTRIES).order_by(ENTRIES.c.id)):
        if is_account(row.book):
            sums[row.book] += row.amount
            if row.balance != sums[row.book]:
                return [f"entry {row.id} says {row.balance}, its book sums to {sums[row.book]}"]
    problems = []
    for row in await connection.execute(select(PURSES)):
        if row.balance != sums[row.account]:
            problems.append(f"{row.account} has {row.balance}, entries sum {sums[row.account]}")
        if row.reserved or row.calls:
            problems.append(f"{row.account} holds {row.reserved} for {row.calls} calls after all")
    left = await connection.scalar(select(func.count()).select_from(RESERVATIONS))
    return [*problems, *([f"{left} reservations are left"] if left else [])]


async def _wrong_cdrs(connection: AsyncConnection, log: Log) -> list[str]:
    charged: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in await connection.execute(select(ENTRIES)):
        if row.book in ("acme", "child") and row.transaction_id.startswith(f"call:{row.book}"):
            charged[row.transaction_id.removeprefix("call:")] -= row.amount
    problems = []
    cdrs: Counter[str] = Counter()
    for row in await connection.execute(select(CDRS)):
        cdr = decode_cdr(row._asdict()).cdr
        cdrs[cdr.call.call_id] += 1
        fee = cdr.payer.fee if cdr.payer is not None else Decimal(0)
        if fee != charged[cdr.call.call_id]:
            problems.append(f"{cdr.call.call_id}: CDR {fee}, ledger {charged[cdr.call.call_id]}")
    calls = [id for id in log.asked if not id.startswith("pay")]
    return [*problems, *(f"{id} has {cdrs[id]} CDRs" for id in calls if cdrs[id] != 1)]


async def _lost(connection: AsyncConnection, log: Log) -> list[str]:
    booked = Counter(await connection.scalars(select(TRANSACTIONS.c.reference)))
    return [f"{id} is booked {booked[id]} times" for id in log.asked if booked[id] != 1]


async def _held(url: str) -> Sequence[str]:
    database = Database(url)
    async with database.engine.connect() as connection:
        rows = (await connection.execute(select(RESERVATIONS))).all()
    await database.close()
    return [decode_reservation(row._asdict()).call_id for row in rows]


def kill_one(url: str, seed: str, patience: float) -> Log:
    """Live one life and end it by SIGKILL; return what the pipe says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(live(url, seed, writing))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        pipe.readline()
        time.sleep(patience)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return _read_log(pipe.read())


def _read_log(raw: bytes) -> Log:
    log = Log()
    for line in raw.splitlines():
        match json.loads(line):
            case ["asked", id, value]:
                log.asked[id] = value
            case ["answered", id]:
                log.answered.add(id)
    return log


def run_one(url: str, seed: int) -> dict[str, Any]:
    """Run one seed; return what was done and what is wrong."""
    chance = random.Random(seed)
    asyncio.run(empty(url))
    log = Log()
    for life in range(LIVES):
        part = kill_one(url, f"{seed}.{life}", chance.uniform(0.002, 0.12))
        log.asked |= part.asked
        log.answered |= part.answered
    asyncio.run(finish(url, log, str(seed)))
    problems = asyncio.run(audit(url, log))
    return {
        "seed": seed,
        "asked": len(log.asked),
        "unanswered": len(log.asked.keys() - log.answered),
        "problems": problems,
    }


def main(url: str, first: str, count: str) -> None:
    """Run `count` seeds from `first`; write one JSON object a line."""
    asyncio.run(prepare(url))
    for seed in range(int(first), int(first) + int(count)):
        sys.stdout.write(json.dumps(run_one(url, seed)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
