"""What money costs: rating alone, Authorize + Settle with durable commits, a rate deck taken over.

    python benches/billing.py rating [--cdrs 200000]
    python benches/billing.py calls [--url URL] [--rate 500] [--seconds 5]
    python benches/billing.py deck [--rates 200000]

`calls` runs the group commit of the service on SQLite in a temporary folder, or on a PostgreSQL by
URL (empty; tests/support/postgres.py lends one): every call is authorized, lives for half a
second, and is settled with a CDR, a vendor's cost and one reserved slice. CPU is of this process,
both threads; PostgreSQL's own is not in it.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import uvloop
from trunkline_billing.__main__ import MIGRATIONS, now, open_journal
from trunkline_billing.accounts.account import Account, Accounts
from trunkline_billing.cashier.cashier import Cashier
from trunkline_billing.cashier.observer import NoObserver
from trunkline_billing.cashier.work import Pay, Settle
from trunkline_billing.cdrs.cdr import Call, Numbers, Party
from trunkline_billing.charging.changes import Changes
from trunkline_billing.charging.reservation import CallStart
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.imports.dialect import detect
from trunkline_billing.imports.reader import read
from trunkline_billing.ledger.payments import Payment
from trunkline_billing.money import Currency, Money
from trunkline_billing.rating.deck import Rate, RateDeck
from trunkline_billing.rating.tariff import DEFAULT_RULES, SECOND, per_minute, rate_call
from trunkline_billing.reasons import CallEndReason, EndDirection
from trunkline_kernel.database import Database

USD = Currency("USD")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
RETAIL = per_minute(Decimal("0.0120"), 60 * SECOND, SECOND)
WHOLESALE = per_minute(Decimal("0.0080"), SECOND, SECOND)


class Batches(NoObserver):
    """Counts group commits."""

    def __init__(self) -> None:
        self.count = 0
        self.requests = 0

    def committed(self, requests: int, seconds: float, changes: Changes) -> None:
        """Count one."""
        self.count += 1
        self.requests += requests


def rating(cdrs: int) -> None:
    """Find the rate and the charge of many calls."""
    chance = random.Random(1)
    prefixes = {str(chance.randint(1, 10 ** chance.randint(2, 8))) for _ in range(100_000)}
    deck = RateDeck("bench", [Rate(prefix, RETAIL) for prefix in {"1", *prefixes}])
    calls = [
        (f"1{chance.randint(10**9, 10**10)}", timedelta(milliseconds=chance.randint(0, 600_000)))
        for _ in range(cdrs)
    ]
    began = time.process_time()
    for number, talk in calls:
        rate_call(deck.find(number, NOW).tariff, talk, DEFAULT_RULES)
    took = time.process_time() - began
    print(f"rating: {cdrs / took:,.0f} CDRs per second and core ({len(deck):,} prefixes)")


async def calls(url: str, rate: float, seconds: float) -> None:
    """Authorize and settle calls at a rate."""
    batches = Batches()
    asked: list[float] = []
    settled: list[float] = []
    async with cashier_on(url, batches) as cashier:
        began, cpu = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(rate * seconds)):
                tasks.create_task(_call(cashier, f"{began}-{number}", asked, settled))
                late = began + (number + 1) / rate - time.perf_counter()
                await asyncio.sleep(max(late, 0))
        took, cpu = time.perf_counter() - began - 0.5, time.process_time() - cpu
    count = len(settled)
    print(
        f"calls: {count / took:.0f} per second, {cpu / count * 1000:.2f} ms of CPU each;"
        f" Authorize p50 {_p(asked, 50):.2f} p99 {_p(asked, 99):.2f} ms,"
        f" Settle p50 {_p(settled, 50):.2f} p99 {_p(settled, 99):.2f} ms;"
        f" {batches.requests / batches.count:.1f} requests a commit"
    )


def deck(rates: int) -> None:
    """Read a rate file and build its deck."""
    chance = random.Random(1)
    prefixes = sorted({str(chance.randint(1, 10**9)) for _ in range(rates)})
    lines = ["prefix;rate;increments", *(f"{prefix};0,0{len(prefix)};60/1" for prefix in prefixes)]
    began = time.process_time()
    read_rates = [row for row in read(lines, detect(lines)) if isinstance(row, Rate)]
    parsed = time.process_time()
    built = RateDeck("bench", read_rates)
    done = time.process_time()
    print(
        f"deck: {len(read_rates) / (parsed - began):,.0f} lines per second read,"
        f" {len(built) / (done - parsed):,.0f} per second into the deck"
    )


async def _call(cashier: Cashier, id: str, asked: list[float], settled: list[float]) -> None:
    setup = now()
    start = CallStart(id, "bench", "acme", "15550100", "447700900123", setup)
    began = time.perf_counter()
    await cashier.authorize(start)
    asked.append(time.perf_counter() - began)
    await asyncio.sleep(0.5)
    call = Call(
        call_id=id,
        setup_time=setup,
        answer_time=setup,
        end_time=now(),
        end_direction=EndDirection.CALLER,
        end_reason=CallEndReason.CALLER_HANGUP,
        account="acme",
        clearing_account="vox",
        caller=Numbers("15550100", "15550100", "15550100"),
        callee=Numbers("447700900123", "447700900123", "447700900123"),
        caller_party=Party(1, "acme-pbx", "192.0.2.10", 5060),
        callee_party=Party(2, "vox", "198.51.100.7", 5060),
        extension={"attempts": [{"number": 1, "sip_status": 200, "answered": True}]},
    )
    began = time.perf_counter()
    await cashier.submit(Settle(call))
    settled.append(time.perf_counter() - began)


@asynccontextmanager
async def cashier_on(url: str, batches: Batches) -> AsyncIterator[Cashier]:
    """Run a cashier with money and rates on a database."""
    database = Database(url)
    await database.migrate(MIGRATIONS)
    accounts = Accounts(
        [
            Account("acme", USD, rate_group="retail"),
            Account("vox", USD, rate_group="wholesale", overdraft=None),
        ]
    )
    decks = {
        "retail": RateDeck("retail", [Rate("44", RETAIL)]),
        "wholesale": RateDeck("wholesale", [Rate("44", WHOLESALE)]),
    }
    rules = Rules(advance=timedelta(seconds=60))
    async with open_journal(database) as journal:
        cashier = Cashier(Till(accounts, decks), journal, lambda: rules, now, batches)
        await cashier.load()
        running = asyncio.create_task(cashier.run())
        money = Money(Decimal(1_000_000), USD)
        await cashier.submit(Pay(Payment(f"bench-{time.time()}", "acme", money)))
        yield cashier
        await cashier.flush()
        running.cancel()
    await database.close()


def _p(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100] * 1000


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rating").add_argument("--cdrs", type=int, default=200_000)
    commands.add_parser("deck").add_argument("--rates", type=int, default=200_000)
    command = commands.add_parser("calls")
    command.add_argument("--url")
    command.add_argument("--rate", type=float, default=500)
    command.add_argument("--seconds", type=float, default=5)
    options = parser.parse_args()
    match options.command:
        case "rating":
            rating(options.cdrs)
        case "deck":
            deck(options.rates)
        case _:
            with tempfile.TemporaryDirectory() as folder:
                url = options.url or f"sqlite:///{Path(folder)}/bench.db"
                uvloop.run(calls(url, options.rate, options.seconds))


if __name__ == "__main__":
    main()
