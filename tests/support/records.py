"""What a running switch has recorded: CDRs, money and traces, waited for where they come late."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from trunkline.billing.v1.billing_pb2 import (
    GetBalanceRequest,
    LedgerEntry,
    ListCdrsRequest,
    ListLedgerEntriesRequest,
    RatedCdr,
)
from trunkline.signaling.v1.signaling_pb2 import ReadTraceRequest, TraceEvent, TraceFilter

from .local_switch import LocalSwitch

PATIENCE = 15.0
INTERVAL = 0.1


async def cdrs(switch: LocalSwitch, callee: str = "") -> Sequence[RatedCdr]:
    """Return the CDRs of calls to a number as billed, or all, the oldest first."""
    request = ListCdrsRequest(callee=callee, page_size=1000)
    answer = await switch.ask(switch.services.billing.ListCdrs, request)
    return sorted(answer.cdrs, key=lambda one: one.cdr.setup_time.ToNanoseconds())


async def wait_for_cdrs(
    switch: LocalSwitch, count: int, callee: str = "", timeout: float = PATIENCE
) -> Sequence[RatedCdr]:
    """Wait until there are `count` CDRs, and return all there are."""
    async with asyncio.timeout(timeout):
        while len(found := await cdrs(switch, callee)) < count:  # noqa: ASYNC110 - billing tells nobody
            await asyncio.sleep(INTERVAL)
    return found


async def balance(switch: LocalSwitch, account: str) -> Decimal:
    """Return what an account has."""
    request = GetBalanceRequest(account=account)
    answer = await switch.ask(switch.services.billing.GetBalance, request)
    return Decimal(answer.balance.amount)


async def ledger(switch: LocalSwitch, account: str) -> Sequence[LedgerEntry]:
    """Return what was booked on an account, the newest first."""
    request = ListLedgerEntriesRequest(account=account, page_size=1000)
    answer = await switch.ask(switch.services.billing.ListLedgerEntries, request)
    return list(answer.entries)


async def traced(switch: LocalSwitch, call_id: str) -> Sequence[TraceEvent]:
    """Return what was traced of a call."""

    def read() -> list[TraceEvent]:
        request = ReadTraceRequest(filter=TraceFilter(call_id=call_id))
        answers = switch.services.signaling[0].ReadTrace(request)
        return [answer.event for answer in answers]

    return await asyncio.to_thread(read)
