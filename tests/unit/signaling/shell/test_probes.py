"""Probes of routing gateways on the wire: whom calls go to, who is skipped (SIG-16)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from support.reach import Changes
from support.switch import SECOND_VENDOR, VENDOR, KnownAddresses, OneAddress, SwitchBench
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.shell.probes import Probes
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.outputs import Event, RequestReceived

FIRST, SECOND = Target(*VENDOR), Target(*SECOND_VENDOR)
GATEWAY = Gateway("vox", (FIRST, SECOND), options_check=True)


class Vendor:
    """Answers OPTIONS with a status, or not at all."""

    def __init__(self, address: Address) -> None:
        self.status: int | None = 200
        self.times: list[float] = []
        self.agent = UserAgent(address, script=self)

    def __call__(self, agent: UserAgent, event: Event) -> None:
        """Answer."""
        if isinstance(event, RequestReceived):
            self.times.append(agent.now)
            if self.status is not None:
                agent.reply(event, self.status)


class Bench:
    """Probes of two vendors."""

    def __init__(self) -> None:
        self.first, self.second = Vendor(VENDOR), Vendor(SECOND_VENDOR)
        self.switch = SwitchBench(self.first.agent, self.second.agent)
        self.changes = Changes()
        self.period = 60
        self.probes = Probes(
            self.switch.switch.inquiries,
            KnownAddresses(),
            OneAddress(),
            Random(1),
            self.changes,
            lambda: self.period,
        )

    @property
    def reachable(self) -> bool | None:
        """Return what is reported of the gateway."""
        (report,) = self.probes.reports()
        return report.reachable

    @property
    def aim(self) -> Target:
        """Return where a call would go."""
        return self.probes.aim("vox", GATEWAY.targets)


@asynccontextmanager
async def probing(
    gateway: Gateway = GATEWAY, *, first: int | None = 200, second: int | None = 200
) -> AsyncIterator[Bench]:
    """Probe vendors that answer like this, for long enough to know."""
    bench = Bench()
    bench.first.status, bench.second.status = first, second
    bench.probes.put(gateway)
    work = asyncio.create_task(bench.probes.run())
    await asyncio.sleep(40)
    try:
        yield bench
    finally:
        work.cancel()


async def test_sig16_each_address_is_probed_every_period() -> None:
    async with probing() as bench:
        await asyncio.sleep(60)

        for vendor in (bench.first, bench.second):
            one, two = vendor.times
            assert two - one == pytest.approx(60)
        assert (bench.reachable, bench.aim) == (True, FIRST)


async def test_sig16_a_silent_primary_sends_calls_to_the_secondary() -> None:
    async with probing(first=None) as bench:
        assert (bench.reachable, bench.aim) == (True, SECOND)


async def test_sig16_an_error_is_an_answer() -> None:
    async with probing(first=503, second=None) as bench:
        assert (bench.reachable, bench.aim) == (True, FIRST)


async def test_sig16_both_silent_is_unreachable_and_back_within_a_period() -> None:
    async with probing(first=None, second=None) as bench:
        assert bench.reachable is False
        bench.second.status = 486
        await asyncio.sleep(60)

        assert (bench.reachable, bench.aim) == (True, SECOND)
        assert [reachable for _, reachable, _ in bench.changes.told] == [False, True]


async def test_sig16_without_the_check_nobody_is_probed() -> None:
    async with probing(Gateway("vox", (FIRST, SECOND))) as bench:
        assert bench.first.times == []
        assert list(bench.probes.reports()) == []
        assert bench.aim == FIRST


async def test_sig16_period_zero_turns_probes_off_and_another_one_on_again() -> None:
    async with probing(first=None) as bench:
        bench.period = 0
        bench.probes.restart()
        await asyncio.sleep(100)
        assert list(bench.probes.reports()) == []
        seen = len(bench.second.times)

        bench.period = 10
        bench.probes.restart()
        await asyncio.sleep(25)

        assert len(bench.second.times) >= seen + 2


async def test_sig16_a_removed_gateway_is_probed_no_more() -> None:
    async with probing() as bench:
        bench.probes.remove("vox")
        await asyncio.sleep(200)

        assert len(bench.first.times) == 1
        assert list(bench.probes.reports()) == []
