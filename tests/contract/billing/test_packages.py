"""BIL-15 over the whole service: a package is ordered, paid, used, and survives a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.waiting import until_true
from trunkline_kernel.faults import TrunklineError

TALKER: dict[str, Any] = {
    "rentType": "month",
    "rentPeriod": 1,
    "rentFee": "0.50",
    "gifts": [{"prefixes": ["44"], "giftTime": 600}],
}


async def order(billing: BillingClient, **fields: Any) -> None:
    """Order a package from an hour ago: calls that end now began in it, at midnight too."""
    began = datetime.now(UTC) - timedelta(hours=1)
    spec = {"package": "talker", "account": "acme", "availableFrom": began.isoformat(), **fields}
    await billing.apply(("Package", "talker", TALKER), ("PackageOrder", "acme-talker", spec))


async def has(billing: BillingClient, balance: str) -> bool:
    return await billing.balance() == balance


async def test_bil_15_seconds_of_a_package_are_used_before_money(billing: BillingClient) -> None:
    await order(billing)
    await until_true(lambda: has(billing, "0.50"))

    await billing.settle(cdr(talk=700))

    stored = await billing.cdr("call-1")
    assert stored.charge.amount == "0.20"
    assert stored.gift_duration.seconds == 600
    assert stored.gift_value.amount == "1.00"
    assert await billing.balance() == "0.30"


async def test_bil_15_what_is_left_of_a_package_outlives_a_restart(url: str) -> None:
    async with running_billing(url) as before:
        await before.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await order(before)
        await until_true(lambda: has(before, "0.50"))
        await before.settle(cdr("first", talk=540))

    async with running_billing(url) as after:
        await after.settle(cdr("second", talk=120))
        assert (await after.cdr("second")).gift_duration.seconds == 60
        assert await after.balance() == "0.40"


async def test_bil_15_an_order_that_cannot_be_paid_may_be_removed(billing: BillingClient) -> None:
    await billing.pay("out", "-0.60")
    await order(billing, failedProcess="delete")

    async def is_gone() -> bool:
        try:
            await billing.document("PackageOrder", "acme-talker")
        except TrunklineError:
            return True
        return False

    await until_true(is_gone)
    assert await billing.balance() == "0.40"


async def test_bil_15_a_rent_period_of_0_is_rejected(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError, match="rentPeriod"):
        await billing.apply(("Package", "bad", {**TALKER, "rentPeriod": 0}))
