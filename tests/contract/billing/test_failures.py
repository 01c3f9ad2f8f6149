"""What fails under billing leaves no wrong balance: disks, connections, servers."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Engine, event
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.postgres import PostgresServer
from trunkline_kernel.faults import Fault, TrunklineError


class Disk:
    """The disk under the ledgers on SQLite that are opened in the block of `small_disk`."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []

    def fill(self) -> None:
        """Leave no page free."""
        for connection in self.connections:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

    def free(self) -> None:
        """Leave room again."""
        for connection in self.connections:
            connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def small_disk() -> Iterator[Disk]:
    disk = Disk()

    def connected(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            disk.connections.append(connection)

    event.listen(Engine, "connect", connected)
    try:
        yield disk
    finally:
        event.remove(Engine, "connect", connected)


async def test_a_full_disk_refuses_calls_and_payments_clearly_and_heals(tmp_path: Path) -> None:
    with small_disk() as disk:
        async with running_billing(f"sqlite:///{tmp_path}/billing.db") as billing:
            await with_acme(billing)
            disk.fill()
            settled, refusals = await settle_until_refused(billing)
            with pytest.raises(TrunklineError) as refused:
                await billing.pay("while-full", "5")
            disk.free()

            for call_id in [*settled, *refusals]:
                await until_settled(billing, call_id)
            booked = len(settled) + len(refusals)
            assert await billing.balance() == f"{100 - booked * 0.10:.2f}"
    assert refused.value.fault is Fault.UNAVAILABLE
    assert "full" in refused.value.message


@pytest.mark.integration
async def test_a_full_postgresql_refuses_clearly_and_heals(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing, asked(postgres_url) as database:
        await with_acme(billing)
        await database.execute(DISK_IS_FULL)

        with pytest.raises(TrunklineError, match="could not extend file") as refused:
            await billing.settle(cdr())
        await database.execute("DROP TRIGGER full_disk ON entries")

        await until_settled(billing, "call-1")
        assert refused.value.fault is Fault.UNAVAILABLE
        assert await billing.balance() == "99.90"


@pytest.mark.integration
async def test_a_restarted_postgresql_loses_and_doubles_nothing(
    postgres: PostgresServer, postgres_url: str
) -> None:
    async with running_billing(postgres_url) as billing:
        await with_acme(billing)
        settling = [asyncio.create_task(until_settled(billing, f"call-{n}")) for n in range(50)]
        await asyncio.sleep(0.05)

        await asyncio.to_thread(postgres.restart)

        await asyncio.gather(*settling)
        assert await billing.balance() == "95.00"


@pytest.mark.integration
async def test_a_lost_connection_books_nothing_twice_and_heals(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing:
        await with_acme(billing)
        settling = [asyncio.create_task(until_settled(billing, f"call-{n}")) for n in range(9)]
        for _ in range(3):
            await cut_connections(postgres_url)
            await asyncio.sleep(0.01)

        await asyncio.gather(*settling)

        assert await billing.balance() == "99.10"


@pytest.mark.integration
async def test_a_connection_lost_in_mid_transaction_books_nothing_of_it(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing, asked(postgres_url) as database:
        await with_acme(billing)
        holding = database.transaction()
        await holding.start()
        await database.execute("SELECT * FROM purses WHERE account = 'acme' FOR UPDATE")
        settling = asyncio.create_task(billing.settle(cdr()))
        await until_one_waits(database)

        await cut_connections(postgres_url, waiting=True)
        with pytest.raises(TrunklineError) as refused:
            await settling
        await holding.rollback()

        assert refused.value.fault is Fault.UNAVAILABLE
        assert await billing.balance() == "100.00"
        await until_settled(billing, "call-1")
        assert await billing.balance() == "99.90"


CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
CUT_WAITING = CUT + " AND wait_event_type = 'Lock'"
DISK_IS_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END
$$;
CREATE TRIGGER full_disk BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION full_disk();
"""


async def with_acme(billing: BillingClient) -> None:
    await billing.apply(
        ("RateGroup", "retail", RETAIL), ("Account", "acme", {**ACME, "openingBalance": "100.00"})
    )


async def settle_until_refused(billing: BillingClient) -> tuple[list[str], list[str]]:
    """Settle calls until three were refused; return those that were settled, and those."""
    settled: list[str] = []
    refused: list[str] = []
    while len(refused) < 3:
        call_id = f"call-{len(settled)}-{len(refused)}"
        try:
            await billing.settle(cdr(call_id))
            settled.append(call_id)
        except TrunklineError as error:
            assert error.fault is Fault.UNAVAILABLE
            refused.append(call_id)
    return settled, refused


async def until_settled(billing: BillingClient, call_id: str) -> None:
    finished = cdr(call_id)
    while True:
        try:
            await billing.settle(finished)
        except TrunklineError as error:
            assert error.fault is Fault.UNAVAILABLE
        else:
            return


@asynccontextmanager
async def asked(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Ask the database past billing."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def until_one_waits(database: asyncpg.Connection) -> None:
    """Return when a transaction of billing waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while True:
        if await database.fetchval(query):
            return
        await asyncio.sleep(0.01)


async def cut_connections(url: str, *, waiting: bool = False) -> None:
    """End the connections of everybody else, or only of those that wait for a lock."""
    async with asked(url) as connection:
        await connection.execute(CUT_WAITING if waiting else CUT)
