"""CDRs as CSV, streamed."""

import csv

import pytest
from support.billing_service import BillingClient, cdr
from trunkline_kernel.faults import Fault, TrunklineError


async def rows(billing: BillingClient, **fields: str) -> list[dict[str, str]]:
    return list(csv.DictReader((await billing.export(**fields)).splitlines()))


async def test_an_export_has_every_call_oldest_first(billing: BillingClient) -> None:
    await billing.settle(cdr("a", talk=61))
    await billing.settle(cdr("b", talk=None, caller='say "hi", all'))

    first, second = await rows(billing)

    assert (first["call_id"], first["fee"], first["hold_time"]) == ("a", "0.20", "61")
    assert (second["call_id"], second["answer_time"], second["caller"]) == (
        "b",
        "",
        'say "hi", all',
    )


async def test_an_export_can_be_of_one_account(billing: BillingClient) -> None:
    await billing.settle(cdr("a"))

    assert await rows(billing, account="nobody") == []


async def test_bil_13_nothing_is_exported_in_closed_hours(billing: BillingClient) -> None:
    await billing.set(SERVER_QUERY_CDR_DENY_TIME="00:00-23:59,23:59-00:00")

    with pytest.raises(TrunklineError) as caught:
        await billing.export()
    assert caught.value.fault is Fault.PERMISSION_DENIED
