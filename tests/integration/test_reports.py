"""What signaling and auth see reaches billing's alarms and notices, over five real services."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.endpoint import Endpoint
from support.local_switch import LocalSwitch
from support.receiver import Receiver, receiving
from support.waiting import until, until_true
from trunkline_cli.services import Service

EXAMPLES = Path(__file__).parents[2] / "examples"
BUDGET, VOX, VENDOR_PORT = "127.0.0.21", "127.0.0.22", 5070
DOCUMENTS = """\
kind: RoutingGateway
name: silent
spec: {account: voxcarrier, address: "127.0.0.66:5070", prefixes: ["99"], optionsCheck: true}
---
kind: Domain
name: nobody.invalid
spec: {refresh: 30, memo: "reserved: no such name can exist (RFC 2606)"}
"""
CUSTOMER = """\
kind: MappingGateway
name: acme-pbx
spec:
  account: acme
  access: {mode: ip, addresses: [127.0.0.10]}
  media: {proxy: "on"}
  sip: {callStateReport: true}
"""

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiver() -> AsyncIterator[Receiver]:
    """Who is told."""
    async with receiving() as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(
    tmp_path_factory: pytest.TempPathFactory, receiver: Receiver
) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents, and a vendor that is silent."""
    directory = tmp_path_factory.mktemp("switch")
    more = directory / "more.yaml"
    more.write_text(DOCUMENTS)
    settings = {"TRUNKLINE_BILLING_ALARM_INTERVAL": "0.2"}
    async with LocalSwitch(directory, settings) as running:
        await running.apply(*sorted(EXAMPLES.glob("*.yaml")), more)
        for value in (f"OUT_POST_URL={receiver.url}", "SS_SIP_RESEND_INTERVAL=0.1"):
            assert (await running.command("parameters", "set", value)).status == 0
        yield running


async def alarms(switch: LocalSwitch) -> set[tuple[str, str]]:
    listed = await switch.command("alarms", "list", "--output", "json")
    return {(alarm["type"], alarm["object"]) for alarm in listed.json}


def told(receiver: Receiver, path: str) -> list[dict[str, Any]]:
    return [body for at, body in zip(receiver.paths, receiver.taken, strict=True) if at == path]


async def test_sig_16_mgt_06_what_cannot_be_reached_is_an_alarm(switch: LocalSwitch) -> None:
    expected = {("gateway unreachable", "silent"), ("domain unresolved", "nobody.invalid")}

    async def raised() -> bool:
        return expected <= await alarms(switch)

    await until_true(raised)


async def test_mgt_06_a_domain_is_shown_with_its_state(switch: LocalSwitch) -> None:
    listed = await switch.command("gateway", "names", "--output", "json")

    (name,) = listed.json
    assert name["host"] == "nobody.invalid"
    assert name["problem"]


async def test_mgt_14_a_phone_that_registers_is_told(
    switch: LocalSwitch, receiver: Receiver
) -> None:
    async with Endpoint("1001", "example-1001") as phone:
        await phone.register(switch.sip)
        await phone.register(switch.sip, expires=0)

    await until(lambda: len(told(receiver, "/PhoneOnline")) == 2)
    assert [(one["name"], one["online"]) for one in told(receiver, "/PhoneOnline")] == [
        ("1001", True),
        ("1001", False),
    ]


async def test_mgt_14_mgt_09_a_call_is_told_from_its_route_to_its_end_and_shown_with_its_media(
    switch: LocalSwitch, receiver: Receiver, tmp_path: Path
) -> None:
    customer = tmp_path / "customer.yaml"
    customer.write_text(CUSTOMER)
    await switch.apply(customer)
    async with (
        Endpoint("vendor", host=BUDGET, port=VENDOR_PORT, echo=True),
        Endpoint("15550100", host="127.0.0.10") as caller,
    ):
        call = await caller.place("447700900123", switch.sip)
        await call.connected()
        await asyncio.sleep(1.0)  # of voice
        (live,) = (await switch.command("call", "list", "--media", "-o", "json")).json
        await call.hang_up()

    await until(lambda: len(told(receiver, "/CallStateReport")) == 4)
    states = [one["state"] for one in told(receiver, "/CallStateReport")]
    assert states == ["calling", "ringing", "answered", "ended"]
    assert int(live["media"]["legA"]["packets"]) > 0
    assert int(live["media"]["legB"]["packets"]) > 0


async def test_mgt_14_while_billing_is_away_notices_wait(
    switch: LocalSwitch, receiver: Receiver
) -> None:
    before = len(told(receiver, "/PhoneOnline"))
    await switch.kill(Service.BILLING)
    async with Endpoint("1002", "example-1002") as phone:
        assert (await phone.register(switch.sip)).status == 200
        await switch.restart(Service.BILLING)

        await until(lambda: len(told(receiver, "/PhoneOnline")) > before)

    assert told(receiver, "/PhoneOnline")[-1]["name"] == "1002"
