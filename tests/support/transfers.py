"""What the tests of transfers have in common (SIG-21)."""

from __future__ import annotations

import asyncio
from typing import Any

from support.platform import PHONE_1, platform, to
from support.routed_switch import ACME, RoutedBench
from support.switch import ANSWER, answers, invite
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.sip.dialog import Dialog
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import Event, ResponseReceived

ELSEWHERE = ANSWER.replace(b"6000", b"7000")
MAY: dict[str, Any] = {"account": "tenant", "transfer": {"allowed": True}}


def refer(
    bench: RoutedBench, agent: UserAgent, refer_to: str, dialog: Dialog | None = None
) -> None:
    """Let an agent send REFER in its only dialog, or in this one."""
    agent.now = asyncio.get_running_loop().time()
    chosen = dialog or next(iter(agent.dialogs))
    request = chosen.request("REFER")
    request.headers.set("Refer-To", refer_to)
    agent.transactions.send_request(request, chosen.flow, agent.now)
    bench.pump(agent)


def told(bench: RoutedBench, transferor: tuple[str, int] = PHONE_1) -> list[str]:
    """Return what the transferor was told of its transfer."""
    notifies = bench.requests(transferor, "NOTIFY")
    return [one.body.decode().removeprefix("SIP/2.0 ").strip() for one in notifies]


def last_status(agent: UserAgent) -> int:
    """Return the status of the last response an agent got."""
    return agent.statuses()[-1]


async def consulted(alice: UserAgent, bob: UserAgent, *others: UserAgent) -> RoutedBench:
    """Return a switch on which phone 2001 talks to the customer, and to 4420 as well."""
    bench = platform(alice, bob, *others, phones={"2001": MAY})
    bench.call(alice, to("2001"))
    await asyncio.sleep(5)
    bench.auth.decision = Allowed(Endpoint(EndpointKind.PHONE, "2001"))
    bench.call(bob, consultation())
    await asyncio.sleep(5)
    bench.auth.decision = Allowed(ACME)
    return bench


def consultation() -> Request:
    """Return the INVITE of phone 2001 to 4420."""
    request = invite(call_id="consultation")
    request.headers.set("From", "<sip:2001@10.0.1.1>;tag=bob")
    request.headers.set("To", "<sip:4420@10.0.0.1>")
    request.headers.set("Contact", "<sip:2001@10.0.1.1:5060>")
    return Request("INVITE", "sip:4420@10.0.0.1", request.headers, request.body)


def both_ways(agent: UserAgent, event: Event) -> None:
    """Answer calls, and acknowledge the answers to one's own."""
    match event:
        case ResponseReceived(transaction, response) if response.is_success:
            if transaction.request.method == "INVITE":
                agent.acknowledge(event)
        case _:
            answers(agent, event)


def dialogs_of(agent: UserAgent) -> tuple[Dialog, Dialog]:
    """Return the dialog with the customer, and that of the consultation."""
    first, second = agent.dialogs
    return first, second


def replacing(dialog: Dialog, to_tag: str | None = None) -> str:
    """Return a Refer-To that names a dialog of the transferor."""
    tag = to_tag or dialog.remote.tag
    params = f"{dialog.call_id}%3Bto-tag%3D{tag}%3Bfrom-tag%3D{dialog.local.tag}"
    return f"<sip:4420@10.0.0.1?Replaces={params}>"
