"""What many CDRs cost: a page of them, all of them as CSV, all of them charged anew.

    python benches/cdrs.py [--count 1000000] [--url URL]

Fills an empty database (SQLite in a temporary folder, or a PostgreSQL by URL, as
tests/support/postgres.py lends one) with CDRs of the last 30 days: 200 customers, 50 vendors,
100,000 numbers; what is over 200,000 are copies made by the database. Then it prints, for every
filter, how long a page of 100 takes at the top and half-way down, and the plan of one; how long
reports and the export to CSV take, with the memory of this process; and how fast calls are charged
anew, looked at only and with the differences booked. `--only` leaves the rest out.
"""

import argparse
import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import uvloop
from sqlalchemy import insert, select, text
from trunkline_billing.__main__ import MIGRATIONS, now, open_journal
from trunkline_billing.accounts.account import Account, Accounts
from trunkline_billing.cashier.cashier import Cashier
from trunkline_billing.cashier.observer import NoObserver
from trunkline_billing.cdrs.cdr import Call, Cdr, Numbers, Party, Share
from trunkline_billing.cdrs.query import CdrQuery, Position
from trunkline_billing.charging.rules import Rules
from trunkline_billing.charging.till import Till
from trunkline_billing.money import Currency
from trunkline_billing.rating.deck import Rate, RateDeck
from trunkline_billing.rating.tariff import SECOND, per_minute
from trunkline_billing.reasons import CallEndReason, EndDirection
from trunkline_billing.reports.report import Dimension
from trunkline_billing.rerating import Rerater
from trunkline_billing.store.cdr_reader import CdrReader, statements
from trunkline_billing.store.cdr_rows import encode_cdr
from trunkline_billing.store.ledger_reader import LedgerReader
from trunkline_billing.store.partitions import CdrDays
from trunkline_billing.store.report_reader import ReportReader
from trunkline_billing.store.tables import CDRS
from trunkline_kernel.database import Database

USD: Final = Currency("USD")
END: Final = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MONTH: Final = timedelta(days=30)
CUSTOMERS: Final = [f"customer-{number}" for number in range(200)]
VENDORS: Final = [f"vendor-{number}" for number in range(50)]
MADE: Final = 200_000
"""CDRs that are made here."""
ROWS_AT_ONCE: Final = 5000
PAGES: Final = 40
BOOKED: Final = 20_000
"""Calls whose difference is booked."""


def rows(count: int) -> Iterator[dict[str, object]]:
    """Yield CDRs as rows, oldest first."""
    chance = random.Random(1)
    for number in range(count):
        setup = END - MONTH + MONTH * number / count
        talk = timedelta(seconds=chance.randint(1, 300))
        customer, vendor = chance.choice(CUSTOMERS), chance.choice(VENDORS)
        caller = f"1555{chance.randint(0, 99_999):07}"
        callee = f"4477{chance.randint(0, 99_999):08}"
        share = Share(customer, USD, Decimal("0.02"), talk, timedelta(0), "retail", "44", 5)
        call = Call(
            call_id=f"bench-{number}",
            setup_time=setup,
            answer_time=setup,
            end_time=setup + talk,
            end_direction=EndDirection.CALLER,
            end_reason=CallEndReason.CALLER_HANGUP,
            account=customer,
            clearing_account=vendor,
            caller=Numbers(caller, caller, caller),
            callee=Numbers(callee, callee, callee),
            caller_party=Party(1, f"{customer}-pbx", "192.0.2.10", 5060),
            callee_party=Party(2, vendor, "198.51.100.7", 5060),
            sip_status=200,
            extension={"attempts": [attempt_at(vendor)]},
        )
        cost = replace(share, account=vendor, rate_group="wholesale", fee=Decimal("0.01"))
        yield encode_cdr(Cdr(call, talk, setup + talk, share, (), cost))


def attempt_at(vendor: str) -> dict[str, object]:
    """Return an answered attempt as the proto's JSON has it."""
    return {
        "number": 1,
        "endpoint": {"kind": "ENDPOINT_KIND_ROUTING_GATEWAY", "name": vendor},
        "sip_status": 200,
        "answered": True,
        "post_dial_delay": "1.2s",
    }


async def fill(database: Database, count: int) -> None:
    """Store CDRs, on PostgreSQL in the partitions of their days."""
    days = CdrDays(database, None)
    for week in range(5):
        await days.maintain(END - MONTH + week * timedelta(days=7))
    began = time.perf_counter()
    part: list[dict[str, object]] = []
    for row in rows(min(count, MADE)):
        part.append(row)
        if len(part) == ROWS_AT_ONCE:
            await _store(database, part)
            part = []
    await _store(database, part)
    for copy in range(1, count // MADE):
        await _copy(database, copy)
    async with database.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    took, size = time.perf_counter() - began, await _size(database)
    print(f"filled with {count:,} CDRs in {took:.0f} s: {size / count:,.0f} bytes each")


async def _size(database: Database) -> int:
    """Return the bytes that they take with their indexes; on SQLite those of the whole file."""
    parts = "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('cdrs')"
    pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    async with database.engine.connect() as connection:
        return int(await connection.scalar(text(pages if database.is_sqlite else parts)))


async def _store(database: Database, part: list[dict[str, object]]) -> None:
    if part:
        async with database.session() as session:
            await session.execute(insert(CDRS), part)


async def _copy(database: Database, copy: int) -> None:
    """Store every CDR that was made once more, under another call id."""
    columns = [column for column in CDRS.c if column.name != "flow_no"]
    values = [column + f"-{copy}" if column.name == "call_id" else column for column in columns]
    made = select(*values).where(CDRS.c.flow_no <= MADE)
    async with database.session() as session:
        await session.execute(insert(CDRS).from_select(columns, made))


async def pages(database: Database, _count: int) -> None:
    """Read pages by every filter."""
    reader = CdrReader(database)
    middle = Position(END - MONTH / 2, 2**60)
    filters: dict[str, dict[str, Any]] = {
        "no filter": {},
        "account": {"account": CUSTOMERS[7]},
        "callee": {"callee": "447700001234"},
        "gateway": {"gateway": VENDORS[7]},
        "account and gateway": {"account": CUSTOMERS[7], "gateway": VENDORS[7]},
    }
    for name, values in filters.items():
        query = CdrQuery(END - MONTH, END + timedelta(days=1), **values)
        top = [await _page(reader, query) for _ in range(PAGES)]
        down = [await _page(reader, replace(query, after=middle)) for _ in range(PAGES)]
        print(
            f"page by {name}: p50 {_p(top, 50):.1f} max {max(top) * 1000:.1f} ms;"
            f" half-way down p50 {_p(down, 50):.1f} max {max(down) * 1000:.1f} ms"
        )
    await explain(database, CdrQuery(END - MONTH, END, account=CUSTOMERS[7], after=middle))


async def _page(reader: CdrReader, query: CdrQuery) -> float:
    began = time.perf_counter()
    await reader.page(query)
    return time.perf_counter() - began


async def explain(database: Database, query: CdrQuery) -> None:
    """Print the plan of a page."""
    words = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN (ANALYZE, SUMMARY OFF) "
    async with database.engine.connect() as connection:
        for statement in statements(query):
            sql = statement.compile(
                database.engine.sync_engine, compile_kwargs={"literal_binds": True}
            )
            lines = [str(row[-1]) for row in await connection.exec_driver_sql(words + str(sql))]
            print("\n".join(f"    {line[:150]}" for line in lines[:14]))


async def export(database: Database, _count: int) -> None:
    """Write all of them as CSV, to nowhere."""
    before = resident()
    began, cpu, size = time.perf_counter(), time.process_time(), 0
    async for part in CdrReader(database).export.parts(END - MONTH, END + timedelta(days=1)):
        size += len(part)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(
        f"export: {size / 2**20:.0f} MiB of CSV in {took:.1f} s, {cpu:.1f} s of CPU;"
        f" {resident() - before:.0f} MiB more resident than before"
    )


async def reports(database: Database, _count: int) -> None:
    """Add all of them up."""
    reader = ReportReader(database)
    for dimensions in ([Dimension.DAY], [Dimension.ACCOUNT], [Dimension.DAY, Dimension.VENDOR]):
        began, cpu = time.perf_counter(), time.process_time()
        found = await reader.groups(END - MONTH, END + timedelta(days=1), dimensions)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        names = " and ".join(dimension.name.lower() for dimension in dimensions)
        print(f"report by {names}: {len(found)} rows in {took:.1f} s, {cpu:.2f} s of CPU")


def resident() -> float:
    """Return the most memory that this process had so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def rerate(database: Database, count: int) -> None:
    """Charge all of them anew: looked at only; then some with the differences booked."""
    price = per_minute(Decimal("0.0120"), SECOND, SECOND)
    decks = {
        name: RateDeck(name, [Rate("44", price), Rate("4477", price)])
        for name in ("retail", "wholesale")
    }
    accounts = Accounts(
        [
            *(Account(name, USD, rate_group="retail", overdraft=None) for name in CUSTOMERS),
            *(Account(name, USD, rate_group="wholesale", overdraft=None) for name in VENDORS),
        ]
    )
    async with open_journal(database) as journal:
        cashier = Cashier(Till(accounts, decks), journal, Rules, now, NoObserver())
        await cashier.load()
        running = asyncio.create_task(cashier.run())
        rerater = Rerater(cashier, CdrReader(database), LedgerReader(database), Rules)
        asked: dict[str, Any] = {"account": "", "author": "bench", "memo": ""}
        with measured("charged anew, looked at only") as counted:
            seen = await rerater.many(END - MONTH, END + timedelta(days=1), **asked, dry_run=True)
            counted.append(seen.looked_at)
        with measured("charged anew and booked") as counted:
            part = END - MONTH + MONTH * min(BOOKED / count, 1)
            counted.append((await rerater.many(END - MONTH, part, **asked, dry_run=False)).changed)
        running.cancel()


PARTS: Final = {"pages": pages, "reports": reports, "export": export, "rerate": rerate}


@contextmanager
def measured(what: str) -> Iterator[list[int]]:
    """Print how fast the block did as many as it counts."""
    counted: list[int] = []
    began, cpu = time.perf_counter(), time.process_time()
    yield counted
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    count = counted[0]
    print(f"{what}: {count / took:,.0f} CDRs per second, {cpu / count * 1e6:.0f} us of CPU each")


def _p(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100] * 1000


async def measure(url: str, count: int, parts: Sequence[str]) -> None:
    """Run these measurements on one database."""
    database = Database(url)
    await database.migrate(MIGRATIONS)
    await fill(database, count)
    for part in parts:
        await PARTS[part](database, count)
    await database.close()


def main() -> None:
    """Measure on one database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url")
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.url or f"sqlite:///{Path(folder)}/bench.db"
        uvloop.run(measure(url, options.count, options.only))


if __name__ == "__main__":
    main()
