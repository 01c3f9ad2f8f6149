"""Two replicas of billing on one PostgreSQL charge as one."""

import asyncio

import asyncpg
import pytest
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError

pytestmark = pytest.mark.integration


async def test_two_replicas_never_hold_the_same_money(postgres_url: str) -> None:
    async with running_billing(postgres_url) as one, running_billing(postgres_url) as two:
        await one.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await one.set(SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME="60")
        await two.knows_rates()
        await two.follows("SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME", "60")

        answers = await asyncio.gather(
            *((one, two)[call % 2].authorize(f"call-{call}") for call in range(30))
        )

        assert sum(answer.HasField("authorization") for answer in answers) == 10


async def test_two_replicas_settle_a_call_once(postgres_url: str) -> None:
    async with running_billing(postgres_url) as one, running_billing(postgres_url) as two:
        await one.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await two.knows_rates()
        finished = [cdr(f"call-{number}") for number in range(5)]

        answers = await asyncio.gather(
            *(replica.settle(one_cdr) for one_cdr in finished for replica in (one, two))
        )

        outcomes = [answer.outcome for answer in answers]
        assert outcomes.count(pb.SETTLE_OUTCOME_SETTLED) == 5
        assert await one.balance() == await two.balance() == "0.50"


async def test_a_call_may_start_on_one_replica_and_end_on_the_other(postgres_url: str) -> None:
    async with running_billing(postgres_url) as one, running_billing(postgres_url) as two:
        await one.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await one.authorize()

        await two.extend("call-1", 30)
        await two.settle(cdr())

        assert await one.balance() == "0.90"


async def test_a_lost_connection_books_nothing_twice_and_heals(postgres_url: str) -> None:
    async with running_billing(postgres_url) as billing:
        await billing.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        settling = [asyncio.create_task(_until_settled(billing, f"call-{n}")) for n in range(9)]
        for _ in range(3):
            await _cut_connections(postgres_url)
            await asyncio.sleep(0.01)

        await asyncio.gather(*settling)

        assert await billing.balance() == "0.10"


async def _until_settled(billing: BillingClient, call_id: str) -> None:
    finished = cdr(call_id)
    while True:
        try:
            await billing.settle(finished)
        except TrunklineError as error:
            assert error.fault is Fault.UNAVAILABLE
        else:
            return


async def _cut_connections(url: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
