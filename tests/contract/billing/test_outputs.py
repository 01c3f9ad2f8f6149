"""BIL-11 and BIL-12 end to end: CDRs arrive in files and at an HTTP endpoint, once, in order."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.receiver import Receiver, receiving
from support.waiting import until


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def test_bil_12_a_cdr_is_pushed_at_the_end_of_its_call(
    billing: BillingClient, receiver: Receiver
) -> None:
    await billing.set(SERVER_CDR_REAL_TIME_REPORT_SERVER=receiver.url)

    await billing.settle(cdr("a", talk=61))
    await billing.settle(cdr("b", talk=None))

    await until(lambda: len(receiver.taken) == 2)
    assert [one["callId"] for one in receiver.taken] == ["a", "b"]
    assert receiver.taken[0]["fee"] == "0.20"


async def test_bil_12_a_cdr_that_is_not_taken_is_pushed_again(
    billing: BillingClient, receiver: Receiver
) -> None:
    await billing.set(SERVER_CDR_REAL_TIME_REPORT_SERVER=receiver.url)
    receiver.status = 500
    await billing.settle(cdr("a"))
    await billing.settle(cdr("b"))
    await until(lambda: receiver.asked > 0)

    receiver.status = 200

    await until(lambda: len(receiver.taken) == 2)
    assert [one["callId"] for one in receiver.taken] == ["a", "b"]


async def test_bil_12_without_an_endpoint_nothing_is_pushed_nor_kept(
    billing: BillingClient, receiver: Receiver
) -> None:
    await billing.settle(cdr("before"))
    await billing.set(SERVER_CDR_REAL_TIME_REPORT_SERVER=receiver.url)

    await billing.settle(cdr("after"))

    await until(lambda: len(receiver.taken) > 0)
    assert [one["callId"] for one in receiver.taken] == ["after"]


async def test_bil_11_cdrs_are_written_to_the_file_of_their_hour(url: str, tmp_path: Path) -> None:
    async with running_billing(url, cdr_folder=tmp_path / "cdr") as billing:
        await billing.apply(("RateGroup", "retail", RETAIL), ("Account", "acme", ACME))
        await billing.set(SS_CDR_RECORD_TO_FILE="On", SS_CDR_RECORD_NONCONNECT="Off")

        await billing.settle(cdr("failed", talk=None))
        await billing.settle(cdr("answered", talk=61))

        await until(lambda: any(path.read_text() for path in (tmp_path / "cdr").glob("*.txt")))
        written = "".join(path.read_text() for path in (tmp_path / "cdr").glob("*.txt"))
        assert len(written.splitlines()) == 1
        assert "|acme|0.20|120|1|" in written
