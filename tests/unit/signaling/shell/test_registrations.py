"""Registrations at vendors as the switch keeps them: on the wire, shared out, and left."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from random import Random

from support.reach import Changes
from support.switch import VENDOR, KnownAddresses, OneAddress, SwitchBench, vendor
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.calls.policy import Credentials
from trunkline_signaling.registrar.outbound import Peer, Rules
from trunkline_signaling.shell.registrations import Registrations, RegistrationSettings
from trunkline_signaling.shell.reports import GatewayReports
from trunkline_signaling.sip.digest import Challenge
from trunkline_signaling.sip.message import Request
from trunkline_signaling.sip.outputs import Event, RequestReceived

PEER = Peer("vox", Target(*VENDOR), "vox.example", "4711", Credentials("4711", "swordfish"))


class Registrar:
    """A vendor that takes registrations, unless it is told otherwise."""

    def __init__(self) -> None:
        self.expires = 120
        self.status = 200
        self.challenges = False
        self.silent = False
        self.seen: list[Request] = []
        self.times: list[float] = []

    def __call__(self, agent: UserAgent, event: Event) -> None:
        """Answer a REGISTER."""
        if not isinstance(event, RequestReceived):
            return
        request = event.request
        self.seen.append(request)
        self.times.append(agent.now)
        if self.silent:
            return
        status = 401 if self.challenges and "Authorization" not in request.headers else self.status
        response = request.reply(status, to_tag="vox")
        if status == 401:
            response.headers.set("WWW-Authenticate", Challenge("vox", f"n{len(self.seen)}"))
        if status == 200 and request.headers.get("Expires") != "0":
            contact = request.headers.get("Contact")
            response.headers.set("Contact", f"{contact};expires={self.expires}")
        agent.transactions.respond(event.transaction, response, agent.now)


class Half:
    """Gives what it is told to give."""

    def __init__(self) -> None:
        self.ours: set[str] = {"vox"}
        self.has_heir = False

    async def claim(self, names: Collection[str]) -> set[str]:
        """Return what is ours."""
        return self.ours & set(names)

    async def leave(self) -> bool:
        """Say whether there is an heir."""
        return self.has_heir


class Bench:
    """Registrations of a switch beside one registrar."""

    def __init__(self) -> None:
        self.registrar, self.ownership, self.changes = Registrar(), Half(), Changes()
        self.switch = SwitchBench(vendor(self.registrar))
        self.unregisters = True
        self.registrations = Registrations(
            self.switch.switch.inquiries,
            KnownAddresses(),
            self.ownership,
            RegistrationSettings(Rules, lambda: self.unregisters),
            OneAddress(),
            Random(1),
            self.changes,
        )

    @property
    def expiries(self) -> list[str | None]:
        """Return what each REGISTER asked for."""
        return [request.headers.get("Expires") for request in self.registrar.seen]


@asynccontextmanager
async def running(**told: object) -> AsyncIterator[Bench]:
    """Run registrations at the vendor, which is told some things before."""
    bench = Bench()
    for name, value in told.items():
        setattr(bench.registrar, name, value)
    bench.registrations.put(PEER)
    work = asyncio.create_task(bench.registrations.run())
    await asyncio.sleep(1)
    try:
        yield bench
    finally:
        work.cancel()


async def test_sig02_it_is_registered_and_refreshed_between_105_and_115_s() -> None:
    async with running() as bench:
        assert [report.reachable for report in bench.registrations.reports()] == [True]
        await asyncio.sleep(150)

        first, second = bench.registrar.times
        assert 105 <= second - first <= 115
        assert bench.changes.told == [("vox", True, "")]


async def test_sig02_a_503_is_tried_again_after_60_s_and_meanwhile_it_is_no_candidate() -> None:
    async with running(status=503) as bench:
        assert [report.reachable for report in bench.registrations.reports()] == [False]
        bench.registrar.status = 200
        await asyncio.sleep(65)

        first, second = bench.registrar.times
        assert 60 <= second - first < 61
        assert bench.changes.told == [
            ("vox", False, "503 Service Unavailable"),
            ("vox", True, ""),
        ]


async def test_sig02_silence_is_a_failure_when_the_resend_list_is_used_up() -> None:
    async with running(silent=True) as bench:
        await asyncio.sleep(35)

        assert bench.changes.told == [("vox", False, "no answer")]


async def test_sig02_routing_is_told_at_once_and_every_few_seconds() -> None:
    async with running() as bench:
        reports = GatewayReports(bench.switch.routing, "signaling-1")
        reports.gather_from(bench.registrations.reports)
        work = asyncio.create_task(reports.run())
        await asyncio.sleep(21)
        work.cancel()

        assert len(bench.switch.routing.reports) == 5
        assert bench.switch.routing.reports[-1]["vox"].reachable is True


async def test_sig01_leaving_is_seen_by_the_vendor() -> None:
    async with running(challenges=True) as bench:
        bench.registrar.challenges = True
        await bench.registrations.leave()

        *_, last = bench.registrar.seen
        assert last.headers.get("Expires") == "0"
        assert last.headers.call_id == bench.registrar.seen[0].headers.call_id
        assert list(bench.registrations.reports()) == []


async def test_sig01_with_the_parameter_off_nothing_is_sent() -> None:
    async with running() as bench:
        bench.unregisters = False
        await bench.registrations.leave()

        assert bench.expiries == ["3600"]


async def test_sig01_a_silent_vendor_holds_the_end_up_for_five_seconds() -> None:
    async with running() as bench:
        bench.registrar.silent = True
        before = asyncio.get_running_loop().time()
        await bench.registrations.leave()

        assert asyncio.get_running_loop().time() - before == 5
        assert bench.expiries == ["3600", "0"]


async def test_sig01_many_are_left_in_parallel() -> None:
    async with running() as bench:
        for number in range(50):
            bench.ownership.ours.add(f"v{number}")
            bench.registrations.put(Peer(f"v{number}", Target(*VENDOR), "h", f"{number}"))
        await asyncio.sleep(1)
        bench.registrar.silent = True
        before = asyncio.get_running_loop().time()
        await bench.registrations.leave()

        assert asyncio.get_running_loop().time() - before == 5
        assert bench.expiries.count("0") == 51


async def test_sig01_another_live_instance_takes_it_over_without_a_word() -> None:
    async with running() as bench:
        bench.ownership.has_heir = True
        await bench.registrations.leave()

        assert bench.expiries == ["3600"]


async def test_sig01_what_another_instance_owns_is_left_to_it() -> None:
    async with running() as bench:
        bench.ownership.ours.clear()
        await asyncio.sleep(10)

        assert list(bench.registrations.reports()) == []
        assert bench.expiries == ["3600"]


async def test_sig01_a_gateway_that_is_removed_or_locked_is_unregistered() -> None:
    async with running() as bench:
        bench.registrations.remove("vox")
        await asyncio.sleep(1)

        assert bench.expiries == ["3600", "0"]


async def test_sig01_a_changed_gateway_is_unregistered_and_registered_anew() -> None:
    async with running() as bench:
        bench.registrations.put(Peer("vox", Target(*VENDOR), "new.example", "4712"))
        await asyncio.sleep(1)

        assert [str(request.target) for request in bench.registrar.seen] == [
            "sip:vox.example",
            "sip:vox.example",
            "sip:new.example",
        ]
        assert bench.expiries == ["3600", "0", "3600"]


async def test_sig01_what_never_registered_says_no_farewell() -> None:
    async with running(status=403) as bench:
        await bench.registrations.leave()

        assert bench.expiries == ["3600"]
