"""Host names to addresses, off the way of calls: kept fresh by their TTL, rotated on failure.

`Names` holds what was found; `DnsLookUp` asks the system's name servers (RFC 3263 section 4: SRV
where no port is given, then A and AAAA) and, for what they don't know, the system itself.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import dns.asyncresolver
import dns.exception
import dns.resolver
import structlog
from dns.rdtypes.IN.SRV import SRV

log = structlog.stdlib.get_logger(__name__)

SHORTEST: Final = 30.0
LONGEST: Final = 3600.0
"""Seconds between which a name is looked up again, whatever its TTL says."""
LIMIT: Final = 5.0
"""Seconds a look-up may take."""

Address = tuple[str, int]
"""IP address and port; port 0 is the transport's default."""


class Name(NamedTuple):
    """What is looked up."""

    host: str
    port: int = 0
    """0 asks SRV first."""
    service: str = "_sip._udp"
    """Service and protocol of the SRV records."""


class Found(NamedTuple):
    """What a look-up found."""

    addresses: tuple[Address, ...]
    """In order of preference; at least one."""
    ttl: float
    """Seconds."""


class NotFound(Exception):
    """Nobody knows the name; the text says who said what."""


class LookUp(Protocol):
    """Finds names."""

    async def look_up(self, name: Name) -> Found:
        """Return what a name stands for. Raises `NotFound`."""


@dataclass(slots=True)
class Entry:
    """One name, as it is known now."""

    name: Name
    addresses: tuple[Address, ...] = ()
    """The last good ones; empty as long as it was never resolved."""
    resolved: float | None = None
    """Loop time of the last success."""
    due: float = 0.0
    """Loop time of the next look-up."""
    problem: str = ""
    """Why the last look-up failed; empty when it did not."""
    place: int = 0
    """Which of the addresses is used."""
    looking: "asyncio.Task[None] | None" = field(default=None, repr=False)

    @property
    def current(self) -> Address | None:
        """The address that is used, if there is any."""
        return self.addresses[self.place % len(self.addresses)] if self.addresses else None


class Names:
    """A table of names. Those that somebody wants are looked up at once and kept fresh by `run`."""

    def __init__(self, look_up: LookUp) -> None:
        self.changed: Callable[[], None] = lambda: None
        """Called when a look-up changed an entry or failed. May be replaced."""
        self._look_up = look_up
        self._entries: dict[Name, Entry] = {}
        self._wanted: dict[str, frozenset[Name]] = {}
        self._intervals: dict[str, float] = {}
        self._stir = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def want(self, owner: str, names: Iterable[Name]) -> None:
        """Keep fresh what `owner` needs, in place of what it needed before."""
        before, needed = self._wanted.pop(owner, frozenset()), frozenset(names)
        if needed:
            self._wanted[owner] = needed
        if needed == before:
            return
        wanted: frozenset[Name] = frozenset().union(*self._wanted.values())
        for name in self._entries.keys() - wanted:
            del self._entries[name]
        for name in wanted - self._entries.keys():
            self._entries[name] = Entry(name)
        self._stir.set()

    def refresh_every(self, host: str, seconds: float | None) -> None:
        """Look a host up in this interval, whatever its TTL says; None goes by the TTL."""
        if seconds is None:
            self._intervals.pop(host, None)
            return
        self._intervals[host] = seconds
        for entry in self._entries.values():
            if entry.name.host == host:
                entry.due = min(entry.due, self._loop.time() + seconds)
        self._stir.set()

    def get(self, name: Name) -> Entry | None:
        """Return what is known of a name."""
        return self._entries.get(name)

    async def find(self, name: Name) -> Address | None:
        """Return an address of a name, looked up now unless it is known; None when it can't be."""
        entry = self._entries.setdefault(name, Entry(name))
        if entry.current is None:
            await self._refresh(entry)
        return entry.current

    def failed(self, name: Name, address: Address) -> None:
        """Use the next address of a name, as this one did not answer."""
        entry = self._entries.get(name)
        if entry is not None and entry.current == address:
            entry.place += 1

    async def run(self) -> None:
        """Keep all fresh until cancelled."""
        while True:
            self._stir.clear()
            now = self._loop.time()
            for entry in list(self._entries.values()):
                if entry.due <= now and entry.looking is None:
                    self._begin(entry)
            due = [each.due for each in self._entries.values() if each.looking is None]
            await self._wait(min(due, default=now + LONGEST) - now)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._stir.wait()
        except TimeoutError:
            return

    def _begin(self, entry: Entry) -> "asyncio.Task[None]":
        if entry.looking is None:
            entry.looking = self._loop.create_task(self._take(entry))
        return entry.looking

    async def _refresh(self, entry: Entry) -> None:
        await asyncio.shield(self._begin(entry))

    async def _take(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                found = await self._look_up.look_up(entry.name)
        except (NotFound, TimeoutError) as error:
            self._missed(entry, str(error) or f"no answer within {LIMIT:g} s")
        except Exception as error:  # whatever a name server answers, the name is tried again later
            log.exception("a look-up failed", host=entry.name.host)
            self._missed(entry, str(error))
        else:
            self._found(entry, found)
        finally:
            entry.looking = None
            self._stir.set()

    def _found(self, entry: Entry, found: Found) -> None:
        now = self._loop.time()
        entry.resolved, entry.problem = now, ""
        interval = self._intervals.get(entry.name.host, found.ttl)
        entry.due = now + min(max(interval, SHORTEST), LONGEST)
        if set(found.addresses) != set(entry.addresses):
            log.info("name resolved", host=entry.name.host, addresses=found.addresses)
            entry.addresses, entry.place = found.addresses, 0
            self.changed()

    def _missed(self, entry: Entry, problem: str) -> None:
        if not entry.problem:
            log.warning(
                "name can't be resolved",
                host=entry.name.host,
                problem=problem,
                goes_on_with=entry.addresses,
            )
        entry.problem = problem
        entry.due = self._loop.time() + SHORTEST
        self.changed()


class DnsLookUp:
    """Satisfies `LookUp`. Without a resolver, that of /etc/resolv.conf is asked."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def look_up(self, name: Name) -> Found:
        """Return what a name stands for, a service's hosts in their order."""
        try:
            return await self._by_dns(name)
        except dns.exception.DNSException as error:
            return await _by_system(name, str(error))

    async def _by_dns(self, name: Name) -> Found:
        if not name.port and (services := await self._services(name)):
            found = [
                await self._hosts(str(each.target).rstrip("."), each.port, ttl)
                for each, ttl in services
            ]
            addresses = tuple(address for each in found for address in each.addresses)
            return Found(addresses, min(each.ttl for each in found))
        return await self._hosts(name.host, name.port, LONGEST)

    async def _services(self, name: Name) -> list[tuple[SRV, float]]:
        """Return the SRV records, the preferred first; weights order those of one priority."""
        try:
            answer = await self._ask(f"{name.service}.{name.host}", "SRV")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        records = [each for each in answer if isinstance(each, SRV)]
        ttl = float(answer.rrset.ttl) if answer.rrset is not None else SHORTEST
        ordered = sorted(records, key=lambda each: (each.priority, -each.weight))
        return [(each, ttl) for each in ordered]

    async def _hosts(self, host: str, port: int, ttl: float) -> Found:
        try:
            answer = await self._ask(host, "A")
        except dns.resolver.NoAnswer:
            answer = await self._ask(host, "AAAA")
        known = float(answer.rrset.ttl) if answer.rrset is not None else SHORTEST
        return Found(tuple((str(each), port) for each in answer), min(ttl, known))

    async def _ask(self, host: str, kind: str) -> dns.resolver.Answer:
        resolver = self._resolver or dns.asyncresolver.get_default_resolver()
        return await resolver.resolve(host, kind, search=True)


async def _by_system(name: Name, problem: str) -> Found:
    """Ask the system, which also knows /etc/hosts."""
    loop = asyncio.get_running_loop()
    try:
        results = await loop.getaddrinfo(name.host, name.port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise NotFound(problem) from None
    addresses = dict.fromkeys((str(each[4][0]), name.port) for each in results)
    return Found(tuple(addresses), SHORTEST)


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False
