"""BIL-10: changing what a call cost books the difference and says who did it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from support.billing_service import BillingClient, cdr
from support.turns import turns_of_another
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_billing.store.cdr_reader import CdrReader
from trunkline_kernel import paced
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError


def at(price: str) -> tuple[str, str, Any]:
    return ("RateGroup", "retail", {"rates": [{"prefix": "44", "perMinute": price}]})


async def test_bil_10_a_call_is_charged_anew_with_an_audit_entry(billing: BillingClient) -> None:
    await billing.settle(cdr(talk=60))
    await billing.apply(at("0.25"))

    answer = await billing.rerate("call-1", author="ann", memo="wrong deck")

    assert (answer.old_charge.amount, answer.cdr.charge.amount) == ("0.10", "0.25")
    assert (await billing.cdr("call-1")).charge.amount == "0.25"
    assert await billing.balance() == "0.75"
    entries = (await billing.ledger()).entries
    assert {entry.kind for entry in entries[:2]} == {pb.LEDGER_ENTRY_KIND_CORRECTION}
    assert entries[0].memo == "0.10 USD -> 0.25 USD by ann: wrong deck"


async def test_charging_anew_at_the_same_rate_changes_no_balance(billing: BillingClient) -> None:
    await billing.settle(cdr(talk=60))

    await billing.rerate("call-1")
    await billing.rerate("call-1")

    assert await billing.balance() == "0.90"


async def test_two_who_charge_anew_at_once_correct_once(billing: BillingClient) -> None:
    await billing.settle(cdr(talk=60))
    await billing.apply(at("0.25"))

    await asyncio.gather(billing.rerate("call-1"), billing.rerate("call-1"), return_exceptions=True)

    assert await billing.balance() == "0.75"


async def test_a_call_without_a_cdr_cannot_be_charged_anew(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError) as caught:
        await billing.rerate("nobody")

    assert caught.value.fault is Fault.NOT_FOUND


async def test_bil_10_a_month_is_charged_anew_where_it_costs_something_else(
    billing: BillingClient,
) -> None:
    await billing.pay("more", "10")
    for number in range(5):
        await billing.settle(cdr(f"call-{number}", talk=60))
    await billing.settle(cdr("unanswered", talk=None))
    await billing.apply(at("0.25"))

    asked = await billing.rerate_many(dry_run=True)
    unchanged = await billing.balance()
    done = await billing.rerate_many(author="ann", memo="wrong deck")
    again = await billing.rerate_many()

    assert (asked.looked_at, asked.changed, unchanged) == (6, 5, "10.50")
    assert done.changed == 5
    assert (done.sums[0].before.amount, done.sums[0].after.amount) == ("0.50", "1.25")
    assert await billing.balance() == "9.75"
    assert (again.looked_at, again.changed) == (6, 0)
    assert (await billing.cdr("call-4")).charge.amount == "0.25"


async def test_bil_10_only_the_calls_of_one_account_are_charged_anew(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "other", {"currency": "USD", "rateGroup": "retail"}))
    await billing.settle(cdr("ours", talk=60))
    await billing.settle(cdr("theirs", talk=60, account="other"))
    await billing.apply(at("0.25"))

    done = await billing.rerate_many(account="other")

    assert done.changed == 1
    assert (await billing.cdr("ours")).charge.amount == "0.10"


async def test_others_have_their_turn_between_the_calls_of_a_month(
    billing: BillingClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await billing.settle(cdr(f"call-{number}", talk=60))
    monkeypatch.setattr(paced, "TURN", 0.0)
    database = Database(url)
    month = CdrReader(database).each(
        datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    )

    with turns_of_another() as turns:
        seen = [turns.count async for _ in month]
    await database.close()

    assert len(set(seen)) == 5
