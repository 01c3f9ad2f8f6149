"""Two replicas of billing on one PostgreSQL charge as one."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate

import pytest
from support.billing_service import ACME, RETAIL, cdr, running_billing
from trunkline.billing.v1 import billing_pb2 as pb

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


async def test_a_call_that_asks_two_replicas_at_once_holds_money_once(postgres_url: str) -> None:
    async with running_billing(postgres_url) as one, running_billing(postgres_url) as two:
        await one.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await one.set(SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME="60")
        await two.knows_rates()
        await two.follows("SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME", "60")

        for number in range(5):
            await asyncio.gather(*(each.authorize(f"call-{number}") for each in (one, two)))

        held = await one.purse()
        assert (held.calls, held.reserved.amount) == (5, "0.50")


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


async def test_two_replicas_charge_as_one_under_payments_and_calls(postgres_url: str) -> None:
    async with running_billing(postgres_url) as one, running_billing(postgres_url) as two:
        await one.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await two.knows_rates()
        replicas = (one, two)

        await asyncio.gather(
            *(replicas[n % 2].settle(cdr(f"call-{n}", talk=60)) for n in range(40)),
            *(replicas[n % 2].pay(f"pay-{n}", "0.25") for n in range(40)),
            *(replicas[(n + 1) % 2].pay(f"pay-{n}", "0.25") for n in range(40)),
        )

        assert await one.balance() == await two.balance() == "7.00"  # 1.00 - 4.00 + 10.00
        entries = (await one.ledger(page_size=1000)).entries
        assert [entry.balance.amount for entry in entries] == running_balances(entries)


def running_balances(entries: Sequence[pb.LedgerEntry]) -> list[str]:
    """Return the balance after each entry, newest first, from the amounts alone."""
    amounts = [Decimal(entry.amount.amount) for entry in reversed(entries)]
    return [format(balance, "f") for balance in accumulate(amounts)][::-1]
