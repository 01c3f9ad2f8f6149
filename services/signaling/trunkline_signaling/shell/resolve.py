"""Host names of vendors to addresses, by a table kept fresh off the way of calls (MGT-06).

RFC 3263: SRV where no port is configured, then A and AAAA. A name whose address does not answer
gives its next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from trunkline_kernel.names import Name, Names, is_address

from ..calls.parties import Target
from ..calls.services import GatewayReport
from ..registrar.gateways import Gateway
from ..sip.flow import Address, Transport

DEFAULT_PORTS: Final = {Transport.TLS: 5061}
SERVICES: Final = {
    Transport.UDP: "_sip._udp",
    Transport.TCP: "_sip._tcp",
    Transport.TLS: "_sips._tcp",
}


class NameResolver:
    """Satisfies `Resolver`. An old address serves while a new one is looked up, or can't be."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._gateways: dict[str, Gateway] = {}

    def put(self, gateway: Gateway) -> None:
        """Keep a gateway's names fresh."""
        self._gateways[gateway.name] = gateway
        self._names.want(gateway.name, _names_in(gateway.targets))

    def remove(self, name: str) -> None:
        """Need a gateway's names no more."""
        self._gateways.pop(name, None)
        self._names.want(name, ())

    def put_domain(self, host: str, refresh: float | None) -> None:
        """Keep a configured name fresh, whether or not a gateway is given by it."""
        self._names.refresh_every(host, refresh)
        self._names.want(_owner(host), [Name(host)])

    def remove_domain(self, host: str) -> None:
        """Keep it fresh for gateways only, by its TTL."""
        self._names.refresh_every(host, None)
        self._names.want(_owner(host), ())

    def reports(self) -> Iterator[GatewayReport]:
        """Yield whether gateways given by name have any address: one without is no candidate.

        That one has an address says nothing where we probe it; where we register, nothing does.
        """
        for gateway in self._gateways.values():
            if gateway.registers_there or not any(_names_in(gateway.targets)):
                continue
            has_address = self._has_address(gateway.targets)
            if has_address is False or not gateway.options_check:
                yield GatewayReport(gateway.name, has_address)

    def known(self, target: Target) -> Address | None:
        """Return the address at once, if it is a literal or was found before."""
        if is_address(target.host):
            return target.host, _port(target, 0)
        entry = self._names.get(_name(target))
        return _complete(target, entry.current) if entry is not None else None

    async def find(self, target: Target) -> Address | None:
        """Look the name up; None when it can't be found."""
        return _complete(target, await self._names.find(_name(target)))

    def failed(self, target: Target, address: Address) -> None:
        """Use another address of the name, as this one did not answer."""
        if not is_address(target.host):
            ip, port = address
            for found in (ip, port), (ip, 0):
                self._names.failed(_name(target), found)

    def _has_address(self, targets: Iterable[Target]) -> bool | None:
        known = [self._state(target) for target in targets]
        if True in known:
            return True
        return None if None in known else False

    def _state(self, target: Target) -> bool | None:
        if is_address(target.host):
            return True
        entry = self._names.get(_name(target))
        if entry is None or (entry.current is None and not entry.problem):
            return None
        return entry.current is not None


def _owner(host: str) -> str:
    return f"Domain/{host}"


def _names_in(targets: Iterable[Target]) -> Iterator[Name]:
    return (_name(target) for target in targets if not is_address(target.host))


def _name(target: Target) -> Name:
    return Name(target.host.lower(), target.port, SERVICES.get(target.transport, "_sip._udp"))


def _complete(target: Target, found: Address | None) -> Address | None:
    return None if found is None else (found[0], _port(target, found[1]))


def _port(target: Target, found: int) -> int:
    return found or target.port or DEFAULT_PORTS.get(target.transport, 5060)
