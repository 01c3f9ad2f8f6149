"""Measures the way to a gateway or an address, for an operator (MGT-08).

One probe at a time, at a pace that no call feels. What is tested may be a stranger, so an address
is tested once in a while only, by whatever name, and few are at a time.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random
from typing import Final, Protocol

from ..calls.call_settings import OwnAddresses
from ..calls.parties import Target
from ..errors import BadRequest, TooSoon, UnknownTarget
from ..registrar.probe import options, uri_of
from ..registrar.round_trips import PROBES, NetworkTest, Probe
from ..sip.errors import MalformedValue
from ..sip.flow import Address
from ..sip.grammar import parse_host_port
from ..sip.timing import Timing
from .inquiries import Inquiries
from .ports import Clock, Resolver
from .probes import Probes

PATIENCE: Final = 2.0
"""Seconds after which a probe is lost: more than two hops by satellite take."""
ONCE: Final = Timing(resend=(PATIENCE,))
"""No copies: a copy would hide a loss, and an answer to it would look slow."""
PACE: Final = 0.2
"""Seconds from one probe to the next."""
REST: Final = 5.0
"""Seconds from the beginning of a test to the next one of the same host."""
MOST_AT_ONCE: Final = 4
KEPT: Final = 100
Host = IPv4Address | IPv6Address
BROADCAST: Final = IPv4Address("255.255.255.255")


class Echo(Protocol):
    """Sends ICMP echoes."""

    def problem(self, ip: str) -> str:
        """Return why none can be sent there; empty when one can."""

    async def round_trip(self, ip: str, sequence: int, patience: float) -> float | None:
        """Return the seconds until the reply, or None where none comes within `patience` s."""


class NetworkTests:
    """The tests of one signaling instance."""

    def __init__(
        self,
        inquiries: Inquiries,
        probes: Probes,
        resolver: Resolver,
        strangers: Callable[[], Resolver],
        own: OwnAddresses,
        random: Random,
        clock: Clock,
        echo: Echo,
    ) -> None:
        """`resolver` knows the gateways' names. `strangers` makes one for a single test, so that a
        name which somebody types is not kept fresh for ever after."""
        self.finished: deque[NetworkTest] = deque(maxlen=KEPT)
        """The newest first. A test that is broken off is not among them."""
        self._inquiries = inquiries
        self._probes = probes
        self._resolver = resolver
        self._strangers = strangers
        self._own = own
        self._random = random
        self._clock = clock
        self._echo = echo
        self._running = 0
        self._free_at: dict[Host, float] = {}
        """When a host may be tested again; infinity while it is."""

    async def run(self, wanted: str) -> AsyncGenerator[Probe | NetworkTest, None]:
        """Test a gateway by its name, or HOST[:PORT]. Yield each probe, then the test.

        Raises `BadRequest`, `UnknownTarget`, `TooSoon`.
        """
        with self._place():
            target, address = await self._find(wanted)
            with self._turn(_host_at(address[0])):
                start = due = self._clock.now()
                problem, probes = self._echo.problem(address[0]), list[Probe]()
                for number in range(1, PROBES + 1):
                    await asyncio.sleep(due - self._clock.now())
                    due = self._clock.now() + PACE
                    probe = await self._probe(number, target, address, echo=not problem)
                    probes.append(probe)
                    yield probe
                test = NetworkTest(wanted, address, target.transport, start, tuple(probes), problem)
                self.finished.appendleft(test)
                yield test

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._running >= MOST_AT_ONCE:
            raise TooSoon(f"{MOST_AT_ONCE} tests run here already: again when one has ended")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    @contextmanager
    def _turn(self, host: Host) -> Iterator[None]:
        """Let nobody else test a host now, nor for the rest of its time."""
        now = self._clock.now()
        self._free_at = {each: at for each, at in self._free_at.items() if at > now}
        free_at = self._free_at.get(host, now)
        if free_at == math.inf:
            raise TooSoon(f"{host} is being tested")
        if free_at > now:
            raise TooSoon(f"{host} was tested just now: again in {free_at - now:.1f} s")
        self._free_at[host] = math.inf
        try:
            yield
        finally:
            self._free_at[host] = now + REST

    async def _find(self, wanted: str) -> tuple[Target, Address]:
        gateway = self._probes.gateway(wanted)
        if gateway is None:
            target, resolver = _target_of(wanted), self._strangers()
        elif gateway.targets:
            target, resolver = self._probes.aim(wanted, gateway.targets), self._resolver
        else:
            raise UnknownTarget(f"{wanted} registers here: it has no address of its own")
        address = resolver.known(target) or await resolver.find(target)
        if address is None:
            raise UnknownTarget(f"{wanted}: no gateway with an address, no name that is resolved")
        return target, address

    async def _probe(self, number: int, target: Target, address: Address, *, echo: bool) -> Probe:
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(self._ask(target, address))
            echoed = tasks.create_task(self._ping(number, address[0])) if echo else None
        sip, status = asked.result()
        return Probe(number, sip, status, echoed.result() if echoed is not None else None)

    async def _ask(self, target: Target, address: Address) -> tuple[float | None, int]:
        own = self._own.seen_by(address[0], target.transport)
        request = options(uri_of(target), own, self._random)
        flow = self._inquiries.flow(target, address)
        began = self._clock.now()
        response = await self._inquiries.ask(request, flow, timing=ONCE)
        if response is None:
            return None, 0
        return self._clock.now() - began, response.status

    async def _ping(self, number: int, ip: str) -> float | None:
        return await self._echo.round_trip(ip, number, PATIENCE)


def _target_of(text: str) -> Target:
    try:
        host, port = parse_host_port(text)
    except MalformedValue as error:
        raise BadRequest(f"target: {error}") from None
    return Target(host, port or 0)


def _host_at(ip: str) -> Host:
    """Return the host, however its address is spelled. Raises `BadRequest` where it is none."""
    address = ip_address(ip)
    host = getattr(address, "ipv4_mapped", None) or address
    if host.is_multicast or host.is_unspecified or host == BROADCAST:
        raise BadRequest(f"target: {ip} is no single host's address")
    return host
