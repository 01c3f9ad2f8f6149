"""BIL-16 over gRPC."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from support.billing_service import BillingClient, cdr
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline.common.v1 import common_pb2 as common
from trunkline_kernel.faults import Fault, TrunklineError


def attempt(vendor: str, *, answered: bool, delay: int) -> common.Attempt:
    endpoint = common.Endpoint(kind=common.ENDPOINT_KIND_ROUTING_GATEWAY, name=vendor)
    return common.Attempt(
        endpoint=endpoint, answered=answered, post_dial_delay=Duration(seconds=delay)
    )


async def test_bil_16_an_accounts_calls_are_added_up(billing: BillingClient) -> None:
    await billing.settle(cdr("a", talk=61))
    await billing.settle(cdr("b", talk=59))
    await billing.settle(cdr("c", talk=None))

    rows = await billing.report(pb.REPORT_DIMENSION_ACCOUNT)

    assert [(list(row.keys), row.calls, row.answered) for row in rows] == [(["acme"], 3, 2)]
    assert rows[0].charge == common.Money(amount="0.30", currency="USD")
    assert rows[0].hold_duration.seconds == 120


async def test_bil_16_vendors_are_told_apart_by_attempt(billing: BillingClient) -> None:
    attempts = [
        attempt("first", answered=False, delay=4),
        attempt("second", answered=True, delay=2),
    ]
    await billing.settle(cdr("a", talk=61, attempts=attempts))

    rows = await billing.report(pb.REPORT_DIMENSION_VENDOR)

    told = [(list(row.keys), row.calls, row.answered, row.hold_duration.seconds) for row in rows]
    assert told == [(["first"], 1, 0, 0), (["second"], 1, 1, 61)]
    assert [row.post_dial_delay.seconds for row in rows] == [4, 2]


async def test_bil_16_a_report_that_ends_before_it_begins_is_rejected(
    billing: BillingClient,
) -> None:
    with pytest.raises(TrunklineError) as caught:
        await billing.report(end_time=datetime.now(UTC) - timedelta(days=9))

    assert caught.value.fault is Fault.INVALID_ARGUMENT


async def test_mgt_11_calls_are_counted_by_duration_class_and_hour(billing: BillingClient) -> None:
    for number in range(10):
        await billing.settle(cdr(f"short-{number}", talk=5))
    for number in range(5):
        await billing.settle(cdr(f"long-{number}", talk=45))

    classes = await billing.report(pb.REPORT_DIMENSION_DURATION)
    hours = await billing.report(pb.REPORT_DIMENSION_HOUR)

    assert {row.keys[0]: row.calls for row in classes} == {"1-10": 10, "31-60": 5}
    assert sum(row.calls for row in hours) == 15
