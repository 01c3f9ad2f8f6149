"""The addresses behind a target, so that every replica gets a stream."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Final

RESOLVE_INTERVAL: Final = 5.0
"""Seconds between two looks at a name. Headless services change when pods come and go."""


@dataclass(frozen=True, slots=True)
class Address:
    """One replica: the name it was found by, and where it is."""

    host: str
    ip: str
    port: int

    @property
    def dial(self) -> str:
        """The address as gRPC takes it."""
        return f"ipv6:[{self.ip}]:{self.port}" if ":" in self.ip else f"ipv4:{self.ip}:{self.port}"


async def resolve(target: str) -> list[Address]:
    """Return every address of "host:port", "dns:///host:port" or several with commas between.

    Raises `OSError` when a name cannot be resolved and `ValueError` for a target without a port.
    """
    found: dict[str, Address] = {}
    for part in target.split(","):
        for address in await _resolve_one(part.strip().removeprefix("dns:///")):
            found[address.dial] = address
    return list(found.values())


async def _resolve_one(target: str) -> list[Address]:
    host, _, port = target.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit():
        raise ValueError(f"{target!r} is not host:port")
    loop = asyncio.get_running_loop()
    results = await loop.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    return [Address(host, ip, int(port)) for ip in sorted({str(at[0]) for *_, at in results})]
