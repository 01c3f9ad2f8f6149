"""CDRs published to a real NATS JetStream: each of them, in order per account, delaying no call."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats
import nats.errors
import nats.js.errors
import pytest
from nats.aio.client import Client
from support.billing_service import ACME, RETAIL, BillingClient, cdr, running_billing
from support.nats import NatsServer, nats_server

pytestmark = pytest.mark.integration


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path) as server:
        yield server


async def with_accounts(billing: BillingClient) -> None:
    await billing.apply(
        ("RateGroup", "retail", RETAIL),
        ("Account", "acme", ACME),
        ("Account", "other.one", {**ACME, "openingBalance": "5"}),
    )


async def stored(server: NatsServer, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages when there are so many: the account's part of the subject, the CDR."""
    while True:
        try:
            client = await nats.connect(server.url, allow_reconnect=False)
        except (nats.errors.Error, OSError):
            await asyncio.sleep(0.05)
            continue
        try:
            if await messages_in(client) >= count:
                return await read(client, count)
        finally:
            await client.close()
        await asyncio.sleep(0.05)


async def messages_in(client: Client) -> int:
    try:
        return (await client.jetstream().stream_info("TRUNKLINE_CDRS")).state.messages
    except nats.js.errors.NotFoundError:
        return 0


async def read(client: Client, count: int) -> list[tuple[str, dict[str, Any]]]:
    subscription = await client.jetstream().subscribe("trunkline.cdrs.>", stream="TRUNKLINE_CDRS")
    messages = [await subscription.next_msg(timeout=10) for _ in range(count)]
    return [(one.subject.removeprefix("trunkline.cdrs."), json.loads(one.data)) for one in messages]


async def test_every_cdr_is_published_in_the_order_of_its_account(
    url: str, server: NatsServer
) -> None:
    async with running_billing(url, cdr_stream_url=server.url) as billing:
        await with_accounts(billing)
        for number in range(3):
            await billing.settle(cdr(f"acme-{number}"))
            await billing.settle(cdr(f"other-{number}", account="other.one"))

        found = await stored(server, 6)

    by_account: dict[str, list[str]] = {"acme": [], "other_one": []}
    for account, content in found:
        by_account[account].append(content["callId"])
    assert by_account == {
        "acme": ["acme-0", "acme-1", "acme-2"],
        "other_one": ["other-0", "other-1", "other-2"],
    }


async def test_a_broker_that_is_away_delays_no_call_and_gets_everything_later(
    url: str, server: NatsServer
) -> None:
    async with running_billing(url, cdr_stream_url=server.url) as billing:
        await with_accounts(billing)
        await billing.settle(cdr("before"))
        await stored(server, 1)
        await server.stop()
        await billing.settle(cdr("meanwhile-1"))
        await billing.settle(cdr("meanwhile-2"))
        balance = await billing.balance()
        await server.start()

        found = await stored(server, 3)

    assert balance == "0.70"
    assert [one["callId"] for _, one in found] == ["before", "meanwhile-1", "meanwhile-2"]
