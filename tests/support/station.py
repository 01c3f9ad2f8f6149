"""Signaling's transports on loopback, with what they receive to wait for."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from trunkline_signaling.sip.flow import Address, Flow
from trunkline_signaling.sip.framing import Frame
from trunkline_signaling.transport.options import TransportOptions
from trunkline_signaling.transport.transports import Transports

LOOPBACK: Address = ("127.0.0.1", 0)
HEAD = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nContent-Length: 5"
MESSAGE = HEAD + b"\r\n\r\nhello"


class Received(NamedTuple):
    """What came, and from where."""

    data: bytes | Frame
    flow: Flow


class Station:
    """Transports whose input can be awaited."""

    def __init__(
        self,
        options: TransportOptions | None = None,
        calling: Callable[[], ssl.SSLContext] | None = None,
        admits: Callable[[str], bool] = lambda ip: True,
    ) -> None:
        self.received: asyncio.Queue[Received] = asyncio.Queue()
        self.failed: asyncio.Queue[Flow] = asyncio.Queue()
        self.transports = Transports(
            lambda data, flow: self.received.put_nowait(Received(data, flow)),
            self.failed.put_nowait,
            options,
            calling,
            admits,
        )

    async def next(self) -> Received:
        async with asyncio.timeout(5):
            return await self.received.get()

    async def next_failure(self) -> Flow:
        async with asyncio.timeout(5):
            return await self.failed.get()


@asynccontextmanager
async def station(
    options: TransportOptions | None = None,
    calling: Callable[[], ssl.SSLContext] | None = None,
    admits: Callable[[str], bool] = lambda ip: True,
) -> AsyncIterator[Station]:
    made = Station(options, calling, admits)
    async with made.transports:
        yield made


class Peer(NamedTuple):
    """A plain TCP client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self, size: int) -> bytes:
        """Return the next bytes."""
        async with asyncio.timeout(5):
            return await self.reader.readexactly(size)

    async def ends(self) -> bytes:
        """Return what comes until the other side closes; raise if it resets."""
        async with asyncio.timeout(5):
            return await self.reader.read()


@asynccontextmanager
async def connected_to(address: Address) -> AsyncIterator[Peer]:
    """Connect for the length of a block."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
