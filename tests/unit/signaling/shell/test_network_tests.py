"""Tests of the network on the wire: delay, loss and status, and how often they may be (MGT-08)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
from support.network_tests import Ping, network_tests
from support.switch import SECOND_VENDOR, VENDOR, SwitchBench
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.errors import BadRequest, TooSoon, UnknownTarget
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.registrar.round_trips import NetworkTest, Probe
from trunkline_signaling.shell.network_tests import MOST_AT_ONCE
from trunkline_signaling.sip.flow import Address
from trunkline_signaling.sip.outputs import Event, RequestReceived

VOX = Gateway("vox", (Target(*VENDOR), Target(*SECOND_VENDOR)))
REGISTERED = Gateway("registers-here")
WAY = 0.002
"""Seconds that the bench's network takes, there and back."""


class Peer:
    """Answers OPTIONS after a time; `silent` says which it does not."""

    def __init__(self, address: Address, delay: float = 0.0, status: int = 200) -> None:
        self.agent = UserAgent(address, script=self)
        self.delay, self.status = delay, status
        self.silent: set[int] = set()
        self.times: list[float] = []
        self.bench: SwitchBench | None = None

    def __call__(self, agent: UserAgent, event: Event) -> None:
        """Answer when it is time."""
        if isinstance(event, RequestReceived):
            self.times.append(agent.now)
            if len(self.times) not in self.silent:
                asyncio.get_running_loop().call_later(self.delay, self._answer, event)

    def _answer(self, event: RequestReceived) -> None:
        assert self.bench is not None
        self.agent.now = asyncio.get_running_loop().time()
        self.agent.reply(event, self.status)
        self.bench.pump(self.agent)


class Bench:
    """A node with the gateway "vox" and whatever has an address."""

    def __init__(self, *peers: Peer, gateways: Sequence[Gateway] = (VOX, REGISTERED)) -> None:
        self.switch = SwitchBench(*(peer.agent for peer in peers))
        for peer in peers:
            peer.bench = self.switch
        self.ping = Ping()
        self.tests = network_tests(self.switch, self.ping, *gateways)

    async def run(self, target: str = "vox") -> NetworkTest:
        """Run a test to its end."""
        *probes, test = [step async for step in self.tests.run(target)]
        assert isinstance(test, NetworkTest)
        assert tuple(probes) == test.probes
        return test


async def test_mgt08_an_answer_after_30_ms_gives_its_delay_no_loss_and_the_status() -> None:
    peer = Peer(VENDOR, delay=0.03)

    test = await Bench(peer).run()

    times = [test.sip.shortest, test.sip.mean, test.sip.longest]
    assert times == pytest.approx([0.03 + WAY] * 3)
    assert (test.sip.loss_percent, test.sip_status, test.address) == (0, 200, VENDOR)
    assert len(peer.times) == 10


async def test_mgt08_a_silent_target_is_all_loss_and_no_status() -> None:
    peer = Peer(VENDOR)
    peer.silent = set(range(1, 11))

    test = await Bench(peer).run()

    assert (test.sip.shortest, test.sip.mean, test.sip.longest) == (None, None, None)
    assert (test.sip.loss_percent, test.sip_status) == (100, 0)
    assert len(peer.times) == 10


async def test_mgt08_a_lost_probe_is_not_sent_again() -> None:
    peer = Peer(VENDOR, status=404)
    peer.silent = {2, 10}

    test = await Bench(peer).run()

    assert (test.sip.loss_percent, test.sip_status) == (20, 404)
    assert len(peer.times) == 10


async def test_mgt08_probes_keep_their_distance_after_a_loss_too() -> None:
    peer = Peer(VENDOR)
    peer.silent = {1}

    await Bench(peer).run()

    assert min(b - a for a, b in zip(peer.times, peer.times[1:], strict=False)) >= 0.2


async def test_mgt08_a_second_test_within_5_s_is_refused_with_the_time_left() -> None:
    peer = Peer(VENDOR)
    bench = Bench(peer)
    await bench.run()

    with pytest.raises(TooSoon, match=r"again in 3\.2 s"):
        await bench.run()
    with pytest.raises(TooSoon, match="again in"):
        await bench.run(f"{VENDOR[0]}:5099")
    await asyncio.sleep(3.2)

    assert (await bench.run()).sip_status == 200


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[2001:db8::1]", "[2001:0db8:0:0::1]:5070"),
        ("192.0.2.1", "[::ffff:192.0.2.1]"),
    ],
)
async def test_mgt08_another_spelling_is_the_same_host(first: str, second: str) -> None:
    bench = Bench()
    running = bench.tests.run(first)
    await anext(running)

    with pytest.raises(TooSoon, match="is being tested"):
        await bench.run(second)

    await running.aclose()


async def test_mgt08_an_address_is_tested_by_one_at_a_time() -> None:
    peer = Peer(VENDOR)
    peer.silent = set(range(1, 11))
    bench = Bench(peer)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.run())
        await asyncio.sleep(10)
        with pytest.raises(TooSoon, match="is being tested"):
            await bench.run()


async def test_mgt08_few_tests_run_at_a_time() -> None:
    bench = Bench()
    running = [bench.tests.run(f"10.0.1.{number}") for number in range(MOST_AT_ONCE)]
    for test in running:
        await anext(test)

    with pytest.raises(TooSoon, match="4 tests run here already"):
        await bench.run("10.0.1.99")
    await running[0].aclose()
    assert (await bench.run("10.0.1.99")).sip.loss_percent == 100

    await close(running)


async def test_mgt08_nothing_is_sent_when_the_caller_has_left() -> None:
    peer = Peer(VENDOR)
    bench = Bench(peer)
    async with aclosing(bench.tests.run("vox")) as steps:
        await anext(steps)
    await asyncio.sleep(60)

    assert len(peer.times) == 1
    assert not bench.tests.finished
    assert (await bench.run()).sip.loss_percent == 0


async def test_mgt08_an_address_is_tested_at_its_port() -> None:
    peer = Peer(("10.0.0.3", 5099))

    test = await Bench(peer).run("10.0.0.3:5099")

    assert (test.address, test.sip_status) == (("10.0.0.3", 5099), 200)


async def test_mgt08_a_gateway_is_tested_where_calls_to_it_go() -> None:
    second = Peer(SECOND_VENDOR)
    gateway = Gateway("vox", (Target(*SECOND_VENDOR), Target(*VENDOR)))

    test = await Bench(Peer(VENDOR), second, gateways=[gateway]).run("vox")

    assert (test.address, len(second.times)) == (SECOND_VENDOR, 10)


async def test_mgt08_the_last_hundred_are_kept_the_newest_first() -> None:
    bench = Bench(Peer(VENDOR))
    for _ in range(101):
        await bench.run()
        await asyncio.sleep(5)

    times = [test.start_time for test in bench.tests.finished]
    assert len(times) == 100
    assert times == sorted(times, reverse=True)


async def test_mgt08_icmp_has_figures_of_its_own() -> None:
    test = await Bench(Peer(VENDOR)).run()

    assert test.icmp is not None
    assert test.icmp.mean == pytest.approx(0.01)
    assert test.icmp.loss_percent == 10
    assert test.icmp_problem == ""


async def test_mgt08_where_icmp_is_forbidden_the_result_says_so() -> None:
    bench = Bench(Peer(VENDOR))
    bench.ping.forbidden = "not for you"

    test = await bench.run()

    assert (test.icmp, test.icmp_problem, test.sip_status) == (None, "not for you", 200)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("nobody.example", UnknownTarget),
        ("registers-here", UnknownTarget),
        ("10.0.0.3:70000", BadRequest),
        ("what is this", BadRequest),
        ("", BadRequest),
        ("224.0.0.1", BadRequest),
        ("255.255.255.255", BadRequest),
        ("0.0.0.0", BadRequest),  # noqa: S104  nothing is bound to it
    ],
)
async def test_mgt08_what_cannot_be_tested_is_refused(target: str, error: type[Exception]) -> None:
    bench = Bench()

    with pytest.raises(error):
        await bench.run(target)

    assert not bench.switch.messages


async def close(tests: list[AsyncGenerator[Probe | NetworkTest, None]]) -> None:
    """Leave tests."""
    for test in tests:
        await test.aclose()
