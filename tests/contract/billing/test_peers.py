"""BIL-14 between two running platforms: one's clearing account against the other's customer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from trunkline.billing.v1 import reconciliation_pb2 as pb
from trunkline_kernel.faults import Fault, TrunklineError

KEY = "a key that both platforms know"
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
QUICK = {"alarm_interval": timedelta(milliseconds=50)}


@dataclass
class Platforms:
    """We send calls to them: our vendor is their MappingGateway's peer, and theirs is us."""

    us: BillingClient
    them: BillingClient


@pytest.fixture
async def platforms(url: str, tmp_path: Path) -> AsyncIterator[Platforms]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        us = await stack.enter_async_context(running_billing(url, **QUICK))
        them = await stack.enter_async_context(
            running_billing(f"sqlite:///{tmp_path}/them.db", peer_host="127.0.0.1", peer_port=port)
        )
        await us.apply(
            ("RateGroup", "vox", RETAIL),
            ("Account", "vox", {"currency": "USD", "type": "clearing", "rateGroup": "vox"}),
            ("ReconciliationPeer", "vox", peer("vox", "outgoing", port)),
        )
        await them.apply(
            ("RateGroup", "retail", RETAIL),
            ("Account", "acme", {**ACME, "openingBalance": "100"}),
            ("ReconciliationPeer", "acme", peer("acme", "incoming")),
        )
        yield Platforms(us, them)


def peer(account: str, direction: str, port: int | None = None, key: str = KEY) -> dict[str, Any]:
    spec = {"account": account, "direction": direction, "key": key}
    if port is None:
        return spec
    endpoint = f"http://127.0.0.1:{port}/reconciliation"
    return {**spec, "endpoint": endpoint, "peerAccount": "acme"}


def stamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message


async def call(billing: BillingClient, number: int, late: float = 0, **fields: Any) -> None:
    """Settle a call of a minute that was answered at noon yesterday, a minute after another."""
    answer = NOON + timedelta(minutes=number, seconds=late)
    times = {
        "setup_time": stamp(answer - timedelta(seconds=5)),
        "answer_time": stamp(answer),
        "end_time": stamp(answer + timedelta(seconds=60)),
    }
    values = {"account": "", **times, **fields}
    await billing.settle(cdr(f"call-{number}", **values))


async def sent(billing: BillingClient, number: int) -> None:
    """Settle a call as the platform has it that sent it."""
    await call(
        billing,
        number,
        clearing_account="vox",
        caller_to_gateway="+15550100",
        callee_to_gateway="99447700900123",
    )


async def received(billing: BillingClient, number: int, **fields: Any) -> None:
    """Settle the same call as the platform has it that got it, a second later."""
    await call(
        billing,
        number,
        late=1,
        account="acme",
        caller_access="15550100",
        callee_access="99447700900123",
        callee_to_gateway="0447700900123",
        **fields,
    )


async def test_bil_14_equal_books_match(platforms: Platforms) -> None:
    for number in range(3):
        await sent(platforms.us, number)
        await received(platforms.them, number)

    found = (await platforms.us.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_MATCHED
    assert (found.ours.calls, found.ours.amount, found.currency) == (3, "0.30", "USD")
    assert found.theirs == found.ours


async def test_bil_14_a_cdr_that_is_gone_is_a_deviation_with_that_call(
    platforms: Platforms,
) -> None:
    for number in range(3):
        await received(platforms.them, number)
    await sent(platforms.us, 0)
    await sent(platforms.us, 2)

    answer = await platforms.us.reconcile_peer("vox", with_calls=True)

    assert answer.reconciliation.state == pb.RECONCILIATION_STATE_DEVIATION
    assert (answer.matched, answer.disputed) == (2, "0.10")
    assert [(one.finding, one.theirs.reference) for one in answer.disputes] == [
        ("missing on our side", "call-1")
    ]


async def test_bil_14_a_deviation_raises_an_alarm_that_a_match_clears(
    platforms: Platforms,
) -> None:
    await received(platforms.them, 0)
    await platforms.us.reconcile_peer("vox")
    while not (raised := await platforms.us.alarms()):
        await asyncio.sleep(0.02)

    await sent(platforms.us, 0)
    await platforms.us.reconcile_peer("vox")

    assert [(one.type, one.object) for one in raised] == [("reconciliation", "vox")]
    while await platforms.us.alarms():
        await asyncio.sleep(0.02)


async def test_bil_14_the_day_before_is_compared_by_itself(platforms: Platforms) -> None:
    if datetime.now(UTC).hour < 2:
        pytest.skip("the books of yesterday are not due before 02:00 UTC")
    while not (found := await platforms.us.peer_reconciliations()):
        await asyncio.sleep(0.02)

    assert [(one.peer, one.day) for one in found] == [("vox", NOON.date().isoformat())]


async def test_bil_14_a_peer_that_is_away_gives_no_answer(billing: BillingClient) -> None:
    await billing.apply(("ReconciliationPeer", "vox", peer("acme", "incoming", 9)))

    found = (await billing.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_NO_ANSWER
    assert not found.HasField("theirs")
    assert found.explanation


async def test_bil_14_a_peer_with_another_key_is_refused(platforms: Platforms) -> None:
    await platforms.them.apply(
        ("ReconciliationPeer", "acme", peer("acme", "incoming", key="quite another shared key"))
    )

    found = (await platforms.us.reconcile_peer("vox")).reconciliation

    assert found.state == pb.RECONCILIATION_STATE_REFUSED
    assert "HTTP 403" in found.explanation


async def test_bil_14_today_is_not_compared(platforms: Platforms) -> None:
    with pytest.raises(TrunklineError) as refused:
        await platforms.us.reconcile_peer("vox", day=datetime.now(UTC).date().isoformat())

    assert refused.value.fault is Fault.INVALID_ARGUMENT


async def test_bil_14_the_shared_key_is_never_shown(platforms: Platforms) -> None:
    shown = await platforms.us.document("ReconciliationPeer", "vox")

    assert shown["key"] == "***"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "short"}, "spec.key"),
        ({"endpoint": "vox.example"}, "spec.endpoint"),
        ({"endpoint": "http://vox.example", "peerAccount": ""}, "spec.peerAccount"),
        ({"direction": "sideways"}, "spec.direction"),
    ],
    ids=["a short key", "no URL", "nobody to ask for", "no direction"],
)
async def test_bil_14_a_peer_that_cannot_be_asked_is_rejected_by_field(
    billing: BillingClient, change: dict[str, str], field: str
) -> None:
    spec = {**peer("acme", "incoming", 9), **change}

    with pytest.raises(TrunklineError) as refused:
        await billing.apply(("ReconciliationPeer", "vox", spec))

    assert field in str(refused.value.violations or refused.value.message)


async def test_bil_14_two_peers_cannot_share_an_account_and_direction(
    billing: BillingClient,
) -> None:
    await billing.apply(("ReconciliationPeer", "one", peer("acme", "incoming")))

    with pytest.raises(TrunklineError, match="one has its incoming calls"):
        await billing.apply(("ReconciliationPeer", "two", peer("acme", "incoming")))
