"""BIL-14 over gRPC: a vendor's statement against our CDRs."""

from datetime import UTC, datetime, timedelta

from support.billing_service import BillingClient, cdr


async def test_bil_14_a_vendors_statement_is_compared_call_by_call(
    billing: BillingClient,
) -> None:
    await billing.apply(
        ("RateGroup", "vox", {"rates": [{"prefix": "44", "perMinute": "0.04"}]}),
        ("Account", "vox", {"currency": "USD", "type": "clearing", "rateGroup": "vox"}),
    )
    finished = cdr("ours", talk=60, clearing_account="vox")
    await billing.settle(finished)
    answered = finished.answer_time.ToDatetime(tzinfo=UTC)
    lines = [
        "caller,callee,start,duration,amount",
        f"15550100,99447700900123,{answered:%Y-%m-%d %H:%M:%S},60,0.04",
        f"15550100,99447700900123,{answered - timedelta(hours=1):%Y-%m-%d %H:%M:%S},60,0.04",
    ]
    now = datetime.now(UTC)

    result = await billing.reconcile(
        account="vox",
        begin_time=now - timedelta(days=1),
        end_time=now + timedelta(days=1),
        content="\n".join(lines).encode(),
    )

    assert (result.matched, result.deviates, result.disputed.amount) == (1, True, "0.04")
    assert [(one.finding, one.theirs.reference) for one in result.disputes] == [
        ("missing on our side", "line 3")
    ]
