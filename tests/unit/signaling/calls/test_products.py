"""BIL-10: what both ends say they are is in the CDR (callerProductId, calleeProductId)."""

import asyncio

from support.routed_switch import VENDOR_ADDRESS, RoutedBench
from support.switch import ANSWER, VENDOR, caller, invite
from support.user_agent import UserAgent
from trunkline_signaling.calls.cdr import PRODUCT_LENGTH
from trunkline_signaling.sip.outputs import Event, RequestReceived


def answers_as(product: str, header: str) -> UserAgent:
    """Return a vendor that answers and says what it is."""

    def script(agent: UserAgent, event: Event) -> None:
        match event:
            case RequestReceived(transaction, request) if request.method == "INVITE":
                dialog = agent.dialogs.accept(transaction, agent.contact)
                answer = dialog.reply(request, 200, ANSWER, "application/sdp")
                answer.headers.set(header, product)
                agent.dialogs.answer(dialog, transaction, answer, agent.now)

    return UserAgent(VENDOR, script=script)


async def test_bil_10_a_cdr_says_what_both_ends_are() -> None:
    alice, asked = caller(), invite()
    asked.headers.set("User-Agent", "Asterisk PBX 20")
    bench = RoutedBench(
        alice,
        answers_as("Vox " + "x" * 500, "Server"),
        routing={"vox": {"address": VENDOR_ADDRESS}},
    )
    bench.call(alice, asked)
    await asyncio.sleep(5)
    bench.send_in(alice, "BYE")
    await asyncio.sleep(1)

    (cdr,) = bench.cdrs.cdrs
    assert cdr.caller_product == "Asterisk PBX 20"
    assert cdr.callee_product.startswith("Vox x")
    assert len(cdr.callee_product) == PRODUCT_LENGTH


async def test_bil_10_a_call_nobody_answered_has_no_product_of_a_callee() -> None:
    alice = caller()
    bench = RoutedBench(alice, routing={"vox": {"address": VENDOR_ADDRESS, "locked": True}})
    bench.call(alice, invite())
    await asyncio.sleep(5)

    (cdr,) = bench.cdrs.cdrs
    assert (cdr.caller_product, cdr.callee_product) == ("", "")
