"""The light check of registered terminals on the wire (AUT-08)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

from support.switch import SWITCH, VENDOR, OneAddress, SwitchBench, gives
from support.user_agent import UserAgent
from trunkline_signaling.calls.parties import Endpoint, EndpointKind
from trunkline_signaling.calls.services import Checked, DueChecks, ServiceError, Terminal
from trunkline_signaling.shell.checks import Checks
from trunkline_signaling.sip.flow import Flow, Transport
from trunkline_signaling.sip.outputs import Event, RequestReceived

PHONE = Endpoint(EndpointKind.PHONE, "1001")
TERMINAL = Terminal(PHONE, "sip:1001@10.9.9.9", Flow(Transport.UDP, VENDOR, SWITCH), 1e9)


class Auth:
    """Hands a phone out every interval, as auth does."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.away = False
        self.found: list[tuple[float, Checked]] = []
        self.terminals: tuple[Terminal, ...] = (TERMINAL,)
        self._due = 0.0

    async def registered(self, instance: str, *, behind_nat: bool) -> Sequence[Terminal]:
        """Return nobody."""
        return ()

    async def due_checks(self, instance: str) -> DueChecks:
        """Return the phone when it is due."""
        self._check()
        now = asyncio.get_running_loop().time()
        if now < self._due:
            return DueChecks((), self.interval)
        self._due = now + self.interval
        return DueChecks(self.terminals, self.interval)

    async def report_checks(self, found: Sequence[Checked]) -> None:
        """Note it."""
        self._check()
        now = asyncio.get_running_loop().time()
        self.found += [(now, each) for each in found]

    def _check(self) -> None:
        if self.away:
            raise ServiceError("away")

    @property
    def outcomes(self) -> list[bool]:
        """Return what was found."""
        return [checked.alive for _, checked in self.found]


def silent(agent: UserAgent, event: Event) -> None:
    """Answer nothing."""


@asynccontextmanager
async def checking(
    agent: UserAgent, interval: float = 60, also: Terminal | None = None
) -> AsyncIterator[tuple[Auth, SwitchBench]]:
    """Check a phone, once so far."""
    bench, auth = SwitchBench(agent), Auth(interval)
    if also is not None:
        auth.terminals = (also, TERMINAL)
    checks = Checks(auth, bench.switch.inquiries, OneAddress(), "signaling-1", Random(1))
    work = asyncio.create_task(checks.run())
    await asyncio.sleep(5)
    try:
        yield auth, bench
    finally:
        work.cancel()


async def test_aut08_options_goes_to_where_the_register_came_from() -> None:
    phone = UserAgent(VENDOR, script=gives())
    async with checking(phone) as (auth, _):
        (asked,) = phone.events_of(RequestReceived)

        assert (asked.request.method, asked.request.target) == ("OPTIONS", TERMINAL.contact)
        assert auth.outcomes == [True]
        assert auth.found[0][1] == Checked(PHONE, TERMINAL.contact, alive=True)


async def test_aut08_it_is_repeated_every_interval() -> None:
    phone = UserAgent(VENDOR, script=gives())
    async with checking(phone) as (auth, _):
        await asyncio.sleep(120)

        assert auth.outcomes == [True] * 3


async def test_aut08_any_response_is_a_sign_of_life() -> None:
    def busy(agent: UserAgent, event: Event) -> None:
        if isinstance(event, RequestReceived):
            agent.reply(event, 486)

    async with checking(UserAgent(VENDOR, script=busy)) as (auth, _):
        assert auth.outcomes == [True]


async def test_aut08_an_unplugged_phone_misses_twice_within_two_intervals() -> None:
    async with checking(UserAgent(VENDOR, script=silent)) as (auth, _):
        begun = asyncio.get_running_loop().time() - 5
        await asyncio.sleep(60)

        (first, _), (second, _) = auth.found[:2]
        assert auth.outcomes[:2] == [False, False]
        # it may have been unplugged a whole interval before its first miss
        assert first < second <= begun + 60


async def test_aut08_the_shortest_interval_is_kept_too() -> None:
    async with checking(UserAgent(VENDOR, script=silent), interval=10) as (auth, _):
        await asyncio.sleep(5)

        assert auth.outcomes == [False, False]
        assert auth.found[1][0] - 1000 <= 10


async def test_aut08_a_contact_that_fits_no_request_costs_its_own_check_only() -> None:
    hostile = replace(TERMINAL, endpoint=Endpoint(EndpointKind.PHONE, "666"), contact="sip:\r\n")
    phone = UserAgent(VENDOR, script=gives())
    async with checking(phone, also=hostile) as (auth, _):
        await asyncio.sleep(60)

        assert {checked.endpoint.name for _, checked in auth.found} == {"1001"}
        assert auth.outcomes == [True, True]


async def test_aut08_what_was_found_while_auth_was_away_is_told_later() -> None:
    phone = UserAgent(VENDOR, script=gives())
    async with checking(phone) as (auth, _):
        await asyncio.sleep(53)
        auth.away = True
        await asyncio.sleep(10)
        auth.away = False
        await asyncio.sleep(60)

        assert auth.outcomes[:2] == [True, True]
