"""Rate files over gRPC: dry run, import, rollback, on both databases (BIL-01)."""

import gzip

import pytest
from support.billing_service import BillingClient, running_billing
from support.workbooks import workbook
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError


async def price(billing: BillingClient, callee: str) -> str:
    return (await billing.quote(callee, 60)).price.amount


async def test_an_import_holds_for_the_next_call(billing: BillingClient) -> None:
    answer = await billing.import_rates("prefix,rate\n447,0.50\n33,0.25\n")

    assert (answer.counts.added, answer.counts.bad_lines) == (2, 0)
    assert await price(billing, "447") == "0.50"
    assert await price(billing, "441") == "0.10"
    assert await price(billing, "331") == "0.25"


async def test_a_dry_run_shows_every_change_and_makes_none(billing: BillingClient) -> None:
    answer = await billing.import_rates("prefix;rate\n44;0,08\n33;0,25\n", dry_run=True)

    assert [
        (one.prefix, one.action, one.old_price, one.new_price) for one in answer.differences
    ] == [
        ("33", "new", "", "0.250000"),
        ("44", "decrease", "0.100000", "0.080000"),
    ]
    assert answer.import_id == 0
    assert await price(billing, "44") == "0.10"


async def test_bad_lines_are_told_and_the_others_taken_over(billing: BillingClient) -> None:
    answer = await billing.import_rates("prefix,rate\n33,0.25\nabc,1\n34,-1\n")

    assert [(one.line, one.column) for one in answer.errors] == [(3, "prefix"), (4, "per_minute")]
    assert await price(billing, "331") == "0.25"


async def test_bil01_told_to_be_strict_one_bad_line_stops_everything(
    billing: BillingClient,
) -> None:
    answer = await billing.import_rates("prefix,rate\n33,0.25\nabc,1\n", strict=True)

    assert (answer.import_id, [one.line for one in answer.errors]) == (0, [3])
    with pytest.raises(TrunklineError, match="has no rate for 331"):
        await price(billing, "331")


async def test_bil01_a_workbook_is_a_rate_file(billing: BillingClient) -> None:
    book = workbook([("Code", "Country", "Rate"), (33, "France", 0.25), ("x", "Nowhere", 1)])

    answer = await billing.import_rates("", content=book)

    assert [(one.line, one.column) for one in answer.errors] == [(3, "prefix")]
    assert await price(billing, "331") == "0.25"


async def test_replacing_removes_what_the_file_does_not_name(billing: BillingClient) -> None:
    answer = await billing.import_rates("prefix,rate\n33,1\n", mode=pb.IMPORT_MODE_REPLACE)

    assert (answer.counts.added, answer.counts.removed) == (1, 1)
    with pytest.raises(TrunklineError, match="has no rate for 44"):
        await price(billing, "44")


async def test_an_import_can_be_taken_back(billing: BillingClient) -> None:
    first = await billing.import_rates("prefix,rate\n44,0.20\n")
    second = await billing.import_rates("prefix,rate\n44,0.30\n")

    with pytest.raises(TrunklineError) as caught:
        await billing.roll_back(first.import_id)
    assert caught.value.fault is Fault.FAILED_PRECONDITION
    assert await billing.roll_back(second.import_id) == 1
    assert await price(billing, "44") == "0.20"
    assert [one.rolled_back for one in await billing.rate_imports()] == [True, False]


async def test_the_same_file_again_changes_nothing(billing: BillingClient) -> None:
    await billing.import_rates("prefix,rate\n44,0.20\n")

    answer = await billing.import_rates("prefix,rate\n44,0.20\n")

    assert (answer.import_id, answer.counts.unchanged) == (0, 1)


async def test_a_large_file_may_come_packed(billing: BillingClient) -> None:
    text = "prefix,rate\n" + "".join(f"{number},0.01\n" for number in range(10_000, 15_000))

    answer = await billing.import_rates("", content=gzip.compress(text.encode()), gzip=True)

    assert answer.counts.added == 5000
    assert len(answer.differences) == 1000


async def test_imported_rates_outlive_a_restart_and_a_document_without_rates(url: str) -> None:
    async with running_billing(url) as before:
        await before.apply(
            ("RateGroup", "retail", {"memo": "imported"}),
            ("Account", "acme", {"currency": "USD", "rateGroup": "retail"}),
        )
        await before.import_rates("prefix,rate\n44,0.20\n")
        await before.apply(("RateGroup", "retail", {"memo": "still imported"}))

    async with running_billing(url) as after:
        assert await price(after, "44") == "0.20"
        assert await after.document("RateGroup", "retail") == {"memo": "still imported"}


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"rate_group": "none"}, Fault.NOT_FOUND),
        ({"mode": 0}, Fault.INVALID_ARGUMENT),
        ({"gzip": True}, Fault.INVALID_ARGUMENT),
    ],
    ids=["unknown group", "no mode", "not packed"],
)
async def test_a_bad_import_is_refused(
    billing: BillingClient, fields: dict[str, object], fault: Fault
) -> None:
    with pytest.raises(TrunklineError) as caught:
        await billing.import_rates("prefix,rate\n44,1\n", **fields)

    assert caught.value.fault is fault
