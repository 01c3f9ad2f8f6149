"""BIL-17: calls that another system handled are charged here, once by their number."""

import pytest
from support.billing_service import BillingClient
from trunkline.billing.v1 import billing_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError


async def test_bil_17_a_call_without_a_number_gets_one_and_is_charged(
    billing: BillingClient,
) -> None:
    answer = await billing.create_cdr()

    stored = await billing.cdr(answer.call_id)
    assert answer.flow_no > 0
    assert (answer.outcome, answer.charge.amount) == (pb.SETTLE_OUTCOME_SETTLED, "0.20")
    assert stored.cdr.external
    assert await billing.balance() == "0.80"


async def test_bil_17_the_same_number_again_charges_nothing(billing: BillingClient) -> None:
    await billing.create_cdr(flow_no=7)

    answer = await billing.create_cdr(flow_no=7)

    assert (answer.outcome, answer.charge.amount) == (pb.SETTLE_OUTCOME_DUPLICATE, "0.20")
    assert await billing.balance() == "0.80"


async def test_bil_17_an_unknown_account_is_rejected(billing: BillingClient) -> None:
    with pytest.raises(TrunklineError) as caught:
        await billing.create_cdr(account="nobody")

    assert caught.value.fault is Fault.NOT_FOUND
