"""Rate files over gRPC: dry run, import, rollback, on both databases (BIL-01)."""

import gzip
from contextlib import aclosing

import pytest
from sqlalchemy import func, select
from support.billing_service import BillingClient, running_billing
from support.workbooks import workbook
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2
from trunkline_billing.store.tables import RATES
from trunkline_kernel.database import Database
from trunkline_kernel.faults import Fault, TrunklineError

READ = common_pb2.PROGRESS_STAGE_READ
CHECKED = common_pb2.PROGRESS_STAGE_CHECKED
STORED = common_pb2.PROGRESS_STAGE_STORED


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


LARGE = "prefix,rate\n" + "".join(f"{number},0.01\n" for number in range(10_000, 22_000))
"""Large enough for a process of its own."""


async def test_bil01_an_import_tells_how_far_it_is(billing: BillingClient) -> None:
    steps = [step async for step in billing.import_steps(content=LARGE.encode())]

    *told, last = steps
    stages = [step.progress.stage for step in told]
    assert stages == sorted(stages)
    assert {step.progress.stage for step in told} == {READ, CHECKED, STORED}
    assert all(step.progress.done <= step.progress.total for step in told)
    assert (told[-1].progress.done, told[-1].progress.total) == (12_001, 12_001)
    assert last.result.counts.added == 12_000
    assert await price(billing, "10000") == "0.01"


async def test_bil01_a_dry_run_tells_how_far_it_is_and_stores_nothing(
    billing: BillingClient,
) -> None:
    steps = [step async for step in billing.import_steps(content=LARGE.encode(), dry_run=True)]

    assert {step.progress.stage for step in steps[:-1]} == {READ, CHECKED}
    assert (steps[-1].result.import_id, steps[-1].result.counts.added) == (0, 12_000)


@pytest.mark.parametrize("stage", [READ, CHECKED, STORED], ids=["reading", "comparing", "storing"])
async def test_bil01_an_import_that_is_stopped_leaves_nothing(
    billing: BillingClient, url: str, stage: int
) -> None:
    async with aclosing(billing.import_steps(content=LARGE.encode())) as steps:
        async for step in steps:
            if step.progress.stage == stage:
                break

    assert await billing.rate_imports() == []
    assert await price(billing, "441") == "0.10"
    assert await stored_rates(url) == 1


async def stored_rates(url: str) -> int:
    """Count rates of every generation, drafts included."""
    database = Database(url)
    async with database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(RATES))
    await database.close()
    return count or 0


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
