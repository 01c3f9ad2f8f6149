"""Start the switch, place real calls through it, and show that everything adds up.

`make demo` runs this. Five services as five processes with their data in a temporary folder, the
documents beside this file, SIP endpoints that speak and listen. It ends by itself and leaves
nothing running.
"""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.text import Text

EXAMPLES = Path(__file__).parent
sys.path.insert(0, str(EXAMPLES.parent / "tests"))

from support.behaviours import answering, refusing  # noqa: E402
from support.calls import Call, PlacedCall, TakenCall  # noqa: E402
from support.endpoint import Endpoint  # noqa: E402
from support.local_switch import LocalSwitch, usual_sip_port  # noqa: E402
from trunkline.billing.v1.billing_pb2 import (  # noqa: E402
    GetBalanceRequest,
    LedgerEntryKind,
    ListCdrsRequest,
    ListLedgerEntriesRequest,
    RatedCdr,
)
from trunkline.common.v1.common_pb2 import Endpoint as EndpointName  # noqa: E402
from trunkline.common.v1.common_pb2 import EndpointKind  # noqa: E402
from trunkline.routing.v1.routing_pb2 import (  # noqa: E402
    ExplainRequest,
    Identity,
    RouteRequest,
)
from trunkline.signaling.v1.signaling_pb2 import StartTraceRequest, TraceFilter  # noqa: E402
from trunkline_cli import cdrs, words  # noqa: E402
from trunkline_cli.errors import CommandError  # noqa: E402
from trunkline_cli.ladder import draw  # noqa: E402
from trunkline_cli.output import show_table  # noqa: E402
from trunkline_cli.routes import show_explanation  # noqa: E402
from trunkline_cli.trace import ladder_event, read_trace  # noqa: E402

PHONE, PBX = "127.0.0.30", "127.0.0.10"
BUDGET, VOX = ("127.0.0.21", 5070), ("127.0.0.22", 5070)

LONDON, LONDON_AS_DIALLED = "442071838750", "02071838750"
NEW_YORK = "12125550199"
BUSY = "447700900123"
CALLER = "14155550123"

PACKETS = 60
"""Packets of 20 ms that each side has to hear of the other."""
CDR_PATIENCE = 10.0

out = Console(highlight=False)


class Failed(Exception):
    """Something is not as it should be."""


async def main() -> None:
    """Run the story. SIGTERM ends it as Ctrl-C does."""
    story = asyncio.current_task()
    assert story is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, story.cancel)
    with tempfile.TemporaryDirectory(prefix="trunkline-demo-") as folder:
        started = time.monotonic()
        with out.status("starting five services"):
            switch = await LocalSwitch(Path(folder), sip_port=usual_sip_port()).__aenter__()
        try:
            done(f"five services are ready after {time.monotonic() - started:.1f} s")
            await switch.apply(*sorted(EXAMPLES.glob("*.yaml")))
            done("the documents of examples/ are applied")
            await place_calls(switch)
            await show_results(switch)
        finally:
            with out.status("stopping"):
                await switch.__aexit__()
    done(f"stopped; {time.monotonic() - started:.0f} s in all")


async def place_calls(switch: LocalSwitch) -> None:
    """Register a phone and place three calls."""
    await switch.ask(switch.services.signaling[0].StartTrace, StartTraceRequest())
    async with (
        Endpoint("1001", "example-1001", host=PHONE, frequency=450) as phone,
        Endpoint("acme", host=PBX, frequency=600) as pbx,
        Endpoint("budget", behaviour=refusing(503), host=BUDGET[0], port=BUDGET[1]),
        Endpoint("vox", behaviour=vendor, host=VOX[0], port=VOX[1], frequency=900) as vox,
    ):
        answer = await phone.register(switch.sip)
        check(answer.status == 200, f"phone 1001 was refused: {answer}")
        done("phone 1001 has registered with its password (digest)")
        first = await phone.place(NEW_YORK, switch.sip)
        await talk(first, vox, f"phone 1001 → {NEW_YORK}: answered by voxcarrier")
        second = await pbx.place(LONDON_AS_DIALLED, switch.sip, caller=CALLER)
        await talk(
            second,
            vox,
            f"acme-pbx → {LONDON_AS_DIALLED}: budgetcarrier says 503, voxcarrier answers",
        )
        third = await pbx.place(BUSY, switch.sip, caller=CALLER)
        await third.ended()
        check(third.status == 486, f"the busy call ended with {third.status}")
        done(f"acme-pbx → {BUSY}: busy")


async def vendor(call: TakenCall) -> None:
    """Be busy on one number and answer all others."""
    await (refusing(486) if call.number == BUSY else answering(ring=0.3))(call)


async def talk(call: PlacedCall, callee: Endpoint, what: str) -> None:
    """Let both sides hear each other for a while, and hang up."""
    await call.connected()
    other = callee.taken[-1]
    await asyncio.gather(call.rtp.hear(PACKETS), other.rtp.hear(PACKETS))
    check_sound("the caller", call, other)
    check_sound("the callee", other, call)
    await call.hang_up()
    await other.ended()
    done(f"{what}; {PACKETS} packets heard each way, none lost")


def check_sound(who: str, listener: Call, speaker: Call) -> None:
    """Fail unless `listener` heard the other's tone, whole."""
    heard = listener.rtp.heard
    check(heard.lost == 0, f"{who} missed {heard.lost} packets")
    check(heard.hears(speaker.rtp.frequency), f"{who} heard something else than the other's tone")


async def show_results(switch: LocalSwitch) -> None:
    """Show ladder, route, CDRs and money."""
    records = await wait_for_cdrs(switch, count=3)
    failover = next(one for one in records if len(one.cdr.attempts) == 2 and cdrs.talk(one).seconds)
    title("The call that failed over, as `trunkline trace` shows it")
    chosen = TraceFilter(call_id=failover.cdr.call_id)
    events = await asyncio.to_thread(read_trace, switch.services, chosen)
    for line in draw([ladder_event(event) for event in events], max(out.width, 120)):
        out.print(line, no_wrap=True, overflow="ignore", crop=False)
    title("Why it went there, as `trunkline route explain` says")
    show_explanation(await switch.ask(switch.services.routing.Explain, explain_request()))
    title("What was charged: `trunkline cdr list`")
    show_table(records, cdrs.COLUMNS)
    title("Does it add up?")
    for account in ("acme", "alice"):
        await check_account(switch, account, records)


def explain_request() -> ExplainRequest:
    """Ask about the call that failed over."""
    identity = Identity(
        from_user=CALLER, to_user=LONDON_AS_DIALLED, request_uri_user=LONDON_AS_DIALLED
    )
    source = EndpointName(kind=EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY, name="acme-pbx")
    call = RouteRequest(endpoint=source, identity=identity)
    call.setup_time.GetCurrentTime()
    return ExplainRequest(call=call)


async def wait_for_cdrs(switch: LocalSwitch, count: int) -> Sequence[RatedCdr]:
    """Return all CDRs once there are `count`: they are settled off the call's path."""
    deadline = time.monotonic() + CDR_PATIENCE
    while True:
        answer = await switch.ask(switch.services.billing.ListCdrs, ListCdrsRequest())
        if len(answer.cdrs) >= count:
            check(len(answer.cdrs) == count, f"{len(answer.cdrs)} CDRs for {count} calls")
            return list(answer.cdrs)
        check(time.monotonic() < deadline, f"{len(answer.cdrs)} CDRs for {count} calls")
        await asyncio.sleep(0.1)


async def check_account(switch: LocalSwitch, name: str, records: Sequence[RatedCdr]) -> None:
    """Fail unless what the account began with, less its charges, is its balance."""
    billing = switch.services.billing
    ledger = await switch.ask(billing.ListLedgerEntries, ListLedgerEntriesRequest(account=name))
    balance = await switch.ask(billing.GetBalance, GetBalanceRequest(account=name))
    opening = sum(
        Decimal(entry.amount.amount)
        for entry in ledger.entries
        if entry.kind == LedgerEntryKind.LEDGER_ENTRY_KIND_OPENING
    )
    charges = [
        Decimal(one.charge.amount)
        for one in records
        if one.cdr.account == name and one.HasField("charge")
    ]
    left, has = opening - sum(charges), Decimal(balance.balance.amount)
    sum_of = " - ".join(str(amount) for amount in [opening, *charges])
    check(left == has, f"{name}: {sum_of} is {left}, but the balance is {has}")
    done(f"{name}: {sum_of} = {words.money(balance.balance)}, to the last digit")


def title(text: str) -> None:
    """Write a heading."""
    out.print()
    out.print(Text(text, "bold underline"))


def done(text: str) -> None:
    """Write what was done."""
    out.print(Text.assemble(("✓ ", "green"), text))


def check(truth: bool, complaint: str) -> None:
    """Raise `Failed` unless `truth`."""
    if not truth:
        raise Failed(complaint)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
    except (Failed, CommandError, AssertionError, TimeoutError) as failure:
        out.print(Text.assemble(("✗ ", "red"), str(failure) or repr(failure)))
        for detail in getattr(failure, "details", ()):
            out.print(Text(f"  {detail}"))
        sys.exit(1)
