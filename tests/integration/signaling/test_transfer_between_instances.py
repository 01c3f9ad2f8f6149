"""An attended transfer of calls that two signaling processes have (SIG-21, RFC 3891, ADR 16)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from support.calls import Call, PlacedCall, TakenCall, dialog_flow
from support.endpoint import Endpoint
from support.local_switch import Address, LocalSwitch
from support.ports import free_ports
from support.records import cdrs
from support.redis import redis_server
from support.transfers import replacing
from support.waiting import until_true
from trunkline.billing.v1.billing_pb2 import RatedCdr
from trunkline.signaling.v1.signaling_pb2 import GetStatusRequest, GetStatusResponse
from trunkline_cli.processes import ServiceProcess
from trunkline_cli.services import Service
from trunkline_cli.switch import Switch

pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

EXAMPLES: Final = Path(__file__).parents[3] / "examples"
PBX: Final = "127.0.0.10"
VENDOR: Final = ("127.0.0.22", 5070)
PHONE: Final = "1001"
CUSTOMERS_TONE, VENDORS_TONE = 600, 900


@dataclass(frozen=True)
class TwoInstances:
    """A switch with a second signaling process beside the one it has."""

    switch: LocalSwitch
    sip: Address
    """Where the second one takes calls."""
    signaling: Switch
    """What asks both."""

    async def statuses(self) -> list[GetStatusResponse]:
        """Return how each of them is."""
        stubs = self.signaling.signaling
        asked = [self.switch.ask(stub.GetStatus, GetStatusRequest()) for stub in stubs]
        return list(await asyncio.gather(*asked))

    async def are_quiet(self) -> bool:
        """Tell whether neither has a call, or a CDR that billing has not got."""
        return not any(one.calls or one.cdrs_waiting for one in await self.statuses())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def instances(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoInstances]:
    with redis_server() as redis:
        settings = {
            "TRUNKLINE_SIGNALING_INSTANCE": "signaling-1",
            "TRUNKLINE_SIGNALING_REDIS_URL": redis.url,
            "TRUNKLINE_SIGNALING_SIP_ADDRESS": "127.0.0.1",
        }
        directory = tmp_path_factory.mktemp("first")
        async with LocalSwitch(directory, settings) as switch:
            await switch.apply(*sorted(EXAMPLES.glob("*.yaml")))
            async with second_instance(switch, tmp_path_factory.mktemp("second")) as both:
                yield both


@asynccontextmanager
async def second_instance(switch: LocalSwitch, directory: Path) -> AsyncIterator[TwoInstances]:
    """Run another signaling process, with an outbox of its own, for the length of a block."""
    sip, tls, grpc, http = free_ports(4)
    settings = switch.environment(Service.SIGNALING) | {
        "TRUNKLINE_SIGNALING_INSTANCE": "signaling-2",
        "TRUNKLINE_SIGNALING_GRPC_PORT": str(grpc),
        "TRUNKLINE_SIGNALING_HTTP_PORT": str(http),
        "TRUNKLINE_SIGNALING_SIP_PORTS": f"[{sip}]",
        "TRUNKLINE_SIGNALING_SIP_TLS_PORT": str(tls),
    }
    process = await ServiceProcess.start(
        Service.SIGNALING,
        settings,
        lambda service, line: switch.log.append(f"second {service} {line}"),
        directory,
    )
    try:
        await process.wait_ready(30)
        addresses = switch.addresses[Service.SIGNALING], process.address
        yield TwoInstances(switch, ("127.0.0.1", sip), Switch({Service.SIGNALING: addresses}))
    finally:
        await process.stop(10)


@dataclass(frozen=True)
class Consultation:
    """A phone that a customer has called at the first instance, and that has called a vendor's
    subscriber at the second.
    """

    pbx: Endpoint
    phone: Endpoint
    vendor: Endpoint
    from_customer: PlacedCall
    at_phone: TakenCall
    to_vendor: PlacedCall

    async def transfer(self, transferee: Call, target: Call) -> None:
        """Let the phone hand over who it talks to in one call to whom it talks to in the other."""
        assert transferee.dialog is not None and target.dialog is not None
        refer = transferee.dialog.request("REFER")
        refer.headers.set("Refer-To", replacing(target.dialog))
        answer = await self.phone.request(refer, dialog_flow(transferee.dialog), transferee.dialog)
        assert answer.status == 202

    @property
    def told(self) -> list[str]:
        """What the phone was told of its transfer."""
        notifies = [each for each in self.phone.requests if each.method == "NOTIFY"]
        return [each.body.decode().removeprefix("SIP/2.0 ").strip() for each in notifies]


@asynccontextmanager
async def consultation(instances: TwoInstances, number: str) -> AsyncIterator[Consultation]:
    async with (
        Endpoint("acme", host=PBX, frequency=CUSTOMERS_TONE) as pbx,
        Endpoint(PHONE, f"example-{PHONE}", frequency=1200) as phone,
        Endpoint("vox", host=VENDOR[0], port=VENDOR[1], frequency=VENDORS_TONE) as vendor,
    ):
        await phone.register(instances.switch.sip)
        from_customer = await pbx.place(PHONE, instances.switch.sip)
        await from_customer.connected()
        to_vendor = await phone.place(number, instances.sip)
        await to_vendor.connected()
        at_phone = await phone.taken_call()
        yield Consultation(pbx, phone, vendor, from_customer, at_phone, to_vendor)


def has_every_ack(endpoint: Endpoint) -> bool:
    """Tell whether each INVITE that an endpoint answered was acknowledged once."""
    answered = [each.headers.cseq.number for each in endpoint.requests if each.method == "INVITE"]
    return answered == [each.headers.cseq.number for each in endpoint.acks]


async def records_of(instances: TwoInstances, callees: Sequence[str]) -> list[RatedCdr]:
    """Return the CDRs of numbers once both instances have handed over all they had."""
    await until_true(instances.are_quiet)
    return [one for one in await cdrs(instances.switch) if one.cdr.callee in callees]


@pytest.mark.parametrize(
    ("arrives_at_second", "number"),
    [
        pytest.param(True, "12125550301", id="the first instance's call is replaced"),
        pytest.param(False, "12125550302", id="the second instance's call is replaced"),
    ],
)
async def test_sig21_calls_of_two_processes_become_one(
    instances: TwoInstances, arrives_at_second: bool, number: str
) -> None:
    """The two who stay hear each other, the phone is let go, and each call has its one CDR."""
    before = {one.cdr.call_id for one in await cdrs(instances.switch)}
    async with consultation(instances, number) as parties:
        calls = parties.at_phone, parties.to_vendor
        transferee, target = reversed(calls) if arrives_at_second else calls

        have = [one.calls for one in await instances.statuses()]
        await parties.transfer(transferee, target)
        await asyncio.gather(*(call.ended() for call in calls))
        at_vendor = await parties.vendor.taken_call()
        customer_hears = await parties.from_customer.rtp.hear(60)
        vendor_hears = await at_vendor.rtp.hear(60)
        await parties.from_customer.hang_up()
        await at_vendor.ended()
        records = await records_of(instances, (PHONE, number))

    assert have == [1, 1]
    assert parties.told == ["100 Trying", "200 OK"]
    assert all(call.ended_by_peer for call in calls)
    assert at_vendor.ended_by_peer
    assert has_every_ack(parties.pbx) and has_every_ack(parties.vendor)
    assert customer_hears.hears(VENDORS_TONE)
    assert vendor_hears.hears(CUSTOMERS_TONE)
    of_this = [one.cdr for one in records if one.cdr.call_id not in before]
    assert sorted((cdr.callee, cdr.account) for cdr in of_this) == [
        (PHONE, "acme"),
        (number, "alice"),
    ]
