"""What is learnt of gateways decides where calls go: the switch with the real routing behind it."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest
from support.reach import Changes
from support.routed_switch import ACME, VENDOR_ADDRESS, RoutedBench
from support.switch import (
    SECOND_VENDOR,
    VENDOR,
    KnownAddresses,
    OneAddress,
    answers,
    caller,
    invite,
)
from support.user_agent import UserAgent
from trunkline_signaling.calls.call_settings import CallSettings
from trunkline_signaling.calls.parties import Endpoint, EndpointKind, Target
from trunkline_signaling.calls.services import Allowed
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.shell.probes import Probes
from trunkline_signaling.shell.reports import GatewayReports
from trunkline_signaling.sip.outputs import Event, RequestReceived, ResponseReceived

VOX = Endpoint(EndpointKind.ROUTING_GATEWAY, "vox")
SECOND_ADDRESS = f"{SECOND_VENDOR[0]}:{SECOND_VENDOR[1]}"
VENDORS = {
    "vox": {"address": VENDOR_ADDRESS, "priority": 1, "capacity": {"calls": 100}},
    "tel": {"address": SECOND_ADDRESS, "priority": 2},
}


class Bench:
    """A caller, two vendors of which the first is preferred, and reports to routing."""

    def __init__(self, first: Callable[[UserAgent, Event], None] = answers) -> None:
        self.alice = caller()
        self.vox = UserAgent(VENDOR, script=first)
        tel = UserAgent(SECOND_VENDOR, script=answers)
        self.switch = RoutedBench(self.alice, self.vox, tel, routing=VENDORS)
        self._reports = GatewayReports(self.switch.client, "signaling-1")
        publications = self.switch.switch.publications
        publications.put(Gateway("vox", allow_publish=True, capacity=100))
        publications.changed = self._reports.stir
        loop = asyncio.get_running_loop()
        self._reports.gather_from(lambda: publications.reports(loop.time()))
        self.work = asyncio.create_task(self._reports.run())
        self._calls = 0

    async def call(self) -> None:
        """Place a call, and see where it goes."""
        self._calls += 1
        self.switch.call(self.alice, invite(call_id=f"call-{self._calls}"))
        await asyncio.sleep(0.5)

    @property
    def taken(self) -> tuple[int, int]:
        """Return how many calls each vendor was offered."""
        first, second = self.switch.to(VENDOR), self.switch.to(SECOND_VENDOR)
        return first.count("INVITE"), second.count("INVITE")

    async def publish(self, body: bytes) -> int:
        """Let the first vendor publish; return the answer's status."""
        request = self.vox.request("PUBLISH", call_id="publish")
        request.body = body
        request.headers.set("Content-Type", "text/plain")
        self.switch.auth.decision = Allowed(VOX)
        self.switch.call(self.vox, request)
        await asyncio.sleep(1)
        self.switch.auth.decision = Allowed(ACME)
        return self.vox.events_of(ResponseReceived)[-1].response.status


def refusing(retry_after: str, status: int = 503) -> Callable[[UserAgent, Event], None]:
    """Return the script of a vendor that refuses calls and says for how long."""

    def script(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived) and event.request.method == "INVITE":
            response = event.request.reply(status, to_tag="vox")
            response.headers.set("Retry-After", retry_after)
            agent.transactions.respond(event.transaction, response, agent.now)

    return script


async def test_sig14_a_published_limit_of_10_sends_the_11th_call_elsewhere() -> None:
    bench = Bench()
    assert await bench.publish(b"capacity=10") == 200
    for _ in range(11):
        await bench.call()
    assert bench.taken == (10, 1)

    await asyncio.sleep(300)
    await bench.call()
    bench.work.cancel()

    assert bench.taken == (11, 1)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        pytest.param("20", 20, id="as long as it says"),
        pytest.param("999999", 3600, id="at most an hour"),
    ],
)
async def test_sig26_a_503_with_retry_after_leaves_the_gateway_out(
    retry_after: str, seconds: int
) -> None:
    bench = Bench(refusing(retry_after))
    await bench.call()
    await bench.call()
    assert bench.taken == (1, 2)

    await asyncio.sleep(seconds - 2)
    await bench.call()
    assert bench.taken == (1, 3)
    await asyncio.sleep(2)
    await bench.call()
    bench.work.cancel()

    assert bench.taken == (2, 4)


@pytest.mark.parametrize(
    ("retry_after", "status"),
    [
        pytest.param("20", 480, id="of another code"),
        pytest.param("abc", 503, id="that is no number"),
    ],
)
async def test_sig26_a_retry_after_without_effect(retry_after: str, status: int) -> None:
    bench = Bench(refusing(retry_after, status))
    await bench.call()
    await bench.call()
    bench.work.cancel()

    assert bench.taken == (2, 2)


async def test_sig16_a_silent_primary_has_the_next_invite_go_to_the_secondary() -> None:
    alice, silent = caller(), UserAgent(VENDOR)
    second = UserAgent(SECOND_VENDOR, script=answers)
    addresses = [VENDOR_ADDRESS, SECOND_ADDRESS]
    bench = RoutedBench(alice, silent, second, routing={"vox": {"address": addresses}})
    probes = Probes(
        bench.switch.inquiries,
        KnownAddresses(),
        OneAddress(),
        Random(1),
        Changes(),
        lambda: 60,
    )
    bench.settings = CallSettings("signaling-1", OneAddress(), aim=probes.aim)
    targets = (Target(*VENDOR), Target(*SECOND_VENDOR))
    probes.put(Gateway("vox", targets, options_check=True))
    work = asyncio.create_task(probes.run())
    await asyncio.sleep(40)
    bench.call(alice)
    await asyncio.sleep(1)
    work.cancel()

    assert "INVITE" not in bench.to(VENDOR)
    assert bench.to(SECOND_VENDOR).count("INVITE") == 1
