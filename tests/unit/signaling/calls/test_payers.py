"""BIL-04: the account that routing finds pays; billing and the CDR hear which object it is of."""

import asyncio

from support.routed_switch import VENDOR_ADDRESS, RoutedBench
from support.routing import CUSTOMER
from support.switch import VENDOR, answers, caller, invite
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import EndpointKind


async def test_bil_04_a_call_of_a_bound_number_is_charged_to_its_account() -> None:
    alice = caller()
    bench = RoutedBench(
        alice,
        UserAgent(VENDOR, script=answers),
        mapping={CUSTOMER.name: {"boundNumbersPay": True}},
        bound_numbers={"1001": {"account": "callback"}},
        routing={"vox": {"address": VENDOR_ADDRESS}},
    )
    bench.call(alice, invite())
    await asyncio.sleep(5)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    (asked,) = bench.billing.authorized
    assert (asked.account, asked.payer) == ("callback", EndpointKind.BOUND_NUMBER)
    (cdr,) = bench.cdrs.cdrs
    assert (cdr.account, cdr.payer) == ("callback", EndpointKind.BOUND_NUMBER)
