"""Accounts and rate groups as documents: BIL-01, BIL-03, BIL-08."""

from typing import Any

import pytest
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from trunkline_kernel.faults import Fault, TrunklineError


async def refusal(billing: BillingClient, *documents: tuple[str, str, Any]) -> str:
    with pytest.raises(TrunklineError) as caught:
        await billing.apply(*documents)
    assert caught.value.fault is Fault.INVALID_ARGUMENT
    return caught.value.message


async def test_the_opening_balance_is_booked_once_at_creation(billing: BillingClient) -> None:
    await billing.apply(("Account", "acme", {**ACME, "openingBalance": "500", "memo": "new"}))

    assert await billing.balance() == "1.00"


async def test_an_account_without_history_can_be_deleted_and_made_again(
    billing: BillingClient,
) -> None:
    await billing.apply(("Account", "empty", {"currency": "EUR"}))
    await billing.delete("Account", "empty")

    await billing.apply(("Account", "empty", {"currency": "USD", "openingBalance": "5"}))

    assert await billing.balance("empty") == "5"


async def test_an_account_with_history_is_cancelled_not_deleted(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError, match="cancelled: true"):
        await billing.delete("Account", "acme")

    await billing.apply(("Account", "acme", {**ACME, "cancelled": True}))
    assert (await billing.authorize()).refusal.explanation == "account acme is cancelled"


async def test_bil_03_an_agent_with_children_cannot_be_deleted(billing: BillingClient) -> None:
    await billing.apply(
        ("Account", "agent", {"currency": "USD"}),
        ("Account", "child", {"currency": "USD", "agent": "agent"}),
    )

    with pytest.raises(TrunklineError, match="used by Account/child"):
        await billing.delete("Account", "agent")


async def test_the_currency_of_an_account_cannot_change(billing: BillingClient) -> None:
    assert "cannot be changed" in await refusal(
        billing, ("Account", "acme", {**ACME, "currency": "EUR"})
    )


async def test_bil_08_agents_in_a_circle_are_rejected(billing: BillingClient) -> None:
    message = await refusal(
        billing,
        ("Account", "a", {"currency": "USD", "agent": "b"}),
        ("Account", "b", {"currency": "USD", "agent": "a"}),
    )

    assert "circle" in message


async def test_bil_08_nine_agents_above_one_another_are_rejected(billing: BillingClient) -> None:
    chain = [
        (
            "Account",
            f"a{depth}",
            {"currency": "USD", **({"agent": f"a{depth - 1}"} if depth else {})},
        )
        for depth in range(10)
    ]

    await billing.apply(*chain[:9])
    assert "at most 8" in await refusal(billing, chain[9])


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        ({"prefix": "44", "fee": "0.1", "period": 0}, "period"),
        ({"prefix": "44", "fee": "-0.1"}, "fee"),
        ({"prefix": "44", "perMinute": 0.012}, "perMinute"),
        ({"prefix": "+44", "fee": "0.1"}, "prefix"),
        ({"prefix": "44"}, "perMinute or fee"),
        ({"prefix": "44", "perMinute": "1", "fee": "1"}, "perMinute or fee"),
        ({"prefix": "44", "perMinute": "1", "period": 6}, "period"),
        ({"prefix": "44", "perMinute": "1", "surprise": 6}, "surprise"),
    ],
    ids=[
        "period 0",
        "negative fee",
        "a float",
        "a plus sign",
        "no price",
        "two prices",
        "mixed spellings",
        "unknown field",
    ],
)
async def test_bil_01_a_bad_rate_is_rejected_by_field(
    billing: BillingClient, rate: dict[str, Any], field: str
) -> None:
    message = await refusal(billing, ("RateGroup", "bad", {"rates": [rate]}))

    assert "RateGroup/bad" in message
    assert field in message


async def test_bil_01_a_prefix_given_twice_is_rejected(billing: BillingClient) -> None:
    rates = [{"prefix": "44", "fee": "1"}, {"prefix": "44", "fee": "2"}]

    assert "44" in await refusal(billing, ("RateGroup", "bad", {"rates": rates}))


async def test_nothing_is_stored_when_one_document_is_bad(billing: BillingClient) -> None:
    await refusal(
        billing, ("Account", "good", {"currency": "USD"}), ("Account", "bad", {"currency": "usd"})
    )

    with pytest.raises(TrunklineError, match="good"):
        await billing.balance("good")


async def test_a_missing_rate_group_is_rejected(billing: BillingClient) -> None:
    message = await refusal(billing, ("Account", "x", {"currency": "USD", "rateGroup": "none"}))

    assert "rateGroup" in message


async def test_a_rate_group_comes_back_as_it_was_written(billing: BillingClient) -> None:
    spec = {
        "memo": "spring",
        "rates": [
            {
                "prefix": "1",
                "fee": "0.5",
                "period": 30,
                "sections": [{"fee": "1", "time": 60}],
                "level": "local",
                "area": "NANP",
            },
            {"prefix": "44", "perMinute": "0.012", "firstInterval": 60, "interval": 1},
            {"prefix": "447", "fee": "0", "period": 60, "locked": True},
            {"prefix": "448", "fee": "1", "period": 60, "ivrFee": "0.25", "ivrPeriod": 30},
            {"prefix": "449", "fee": "1", "period": 60, "ivrPeriod": 1},
        ],
    }

    await billing.apply(("RateGroup", "spring", spec))

    assert await billing.document("RateGroup", "spring") == spec


async def test_a_new_price_holds_for_the_next_call(billing: BillingClient) -> None:
    await billing.apply(("RateGroup", "retail", {"rates": [{"prefix": "44", "perMinute": "0.50"}]}))

    assert (await billing.quote("447", 60)).price.amount == "0.50"


async def test_a_rate_group_in_another_currency_charges_nobody(billing: BillingClient) -> None:
    await billing.apply(("RateGroup", "retail", {**RETAIL, "currency": "EUR"}))

    answer = await billing.authorize()

    assert "keeps USD, rate group retail is in EUR" in answer.refusal.explanation


async def test_mgt16_what_an_ivr_would_cost_outlasts_a_restart_and_changes_no_charge(
    url: str,
) -> None:
    rate = {"prefix": "44", "fee": "0.1", "period": 60, "ivrFee": "9", "ivrPeriod": 1}
    async with running_billing(url) as before:
        await before.apply(("RateGroup", "retail", {"rates": [rate]}), ("Account", "acme", ACME))

    async with running_billing(url) as after:
        await after.settle(cdr(talk=60))

        assert await after.document("RateGroup", "retail") == {"rates": [rate]}
        assert await after.balance() == "0.90"


async def test_a_spending_limit_holds_over_a_restart(url: str) -> None:
    limited = {**ACME, "spendPerDay": {"warn": "0.05", "block": "0.10"}}
    async with running_billing(url) as before:
        await before.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", limited))
        await before.settle(cdr())

    async with running_billing(url) as after:
        assert "spent 0.10 USD in this day" in (await after.authorize()).refusal.explanation


async def test_a_price_brake_holds_over_a_restart(url: str) -> None:
    brakes = {"expensiveCalls": {"pricePerMinute": "0.10", "block": "50"}}
    async with running_billing(url) as billing:
        await billing.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", {**ACME, "openingBalance": "100", **brakes}),
        )
        for number in range(20):
            await billing.settle(cdr(f"call-{number}"))

    async with running_billing(url) as billing:
        answer = await billing.authorize("next")

    assert "makes 20 of 20 calls in this hour at 0.10 USD a minute" in answer.refusal.explanation
