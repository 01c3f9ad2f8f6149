"""Host names of vendors to addresses: remembered for a while, looked up off the way of calls."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Final, NamedTuple

import structlog

from ..calls.parties import Target
from ..sip.flow import Address, Transport

log = structlog.stdlib.get_logger(__name__)

FRESH: Final = 30.0
"""Seconds for which an address holds without another look."""
LIMIT: Final = 2.0
"""Seconds a look-up may take."""
DEFAULT_PORTS: Final = {Transport.TLS: 5061}


class _Found(NamedTuple):
    ip: str
    time: float


class NameResolver:
    """Satisfies `Resolver` with the system's resolver. An old address serves while a new one is
    looked up, and when it can't be found.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._found: dict[str, _Found] = {}
        self._literals: dict[str, bool] = {}
        self._refreshing: dict[str, asyncio.Task[str | None]] = {}

    def known(self, target: Target) -> Address | None:
        """Return the address at once, if it is a literal or was found before."""
        if self._is_literal(target.host):
            return target.host, _port(target)
        found = self._found.get(target.host)
        if found is None:
            return None
        if self._loop.time() - found.time > FRESH:
            self._refresh(target.host)
        return found.ip, _port(target)

    async def find(self, target: Target) -> Address | None:
        """Look the name up; None when it can't be found."""
        ip = await self._refresh(target.host)
        return None if ip is None else (ip, _port(target))

    def _refresh(self, host: str) -> asyncio.Task[str | None]:
        task = self._refreshing.get(host)
        if task is None:
            task = self._refreshing[host] = self._loop.create_task(self._look_up(host))
            task.add_done_callback(lambda _: self._refreshing.pop(host, None))
        return task

    async def _look_up(self, host: str) -> str | None:
        try:
            async with asyncio.timeout(LIMIT):
                results = await self._loop.getaddrinfo(host, 0, type=socket.SOCK_DGRAM)
        except (OSError, TimeoutError, UnicodeError) as error:
            log.warning("a vendor's name is not found", host=host, error=str(error))
            known = self._found.get(host)
            return known.ip if known else None
        ip = str(results[0][4][0])
        self._found[host] = _Found(ip, self._loop.time())
        return ip

    def _is_literal(self, host: str) -> bool:
        known = self._literals.get(host)
        if known is None:
            known = self._literals[host] = _parses(host)
        return known


def _port(target: Target) -> int:
    return target.port or DEFAULT_PORTS.get(target.transport, 5060)


def _parses(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
