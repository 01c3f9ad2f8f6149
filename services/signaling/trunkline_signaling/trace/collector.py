"""Sends every SIP message to a HEP collector such as Homer, off the way of calls.

What waits is encoded a moment later: by then an INVITE has the id of the call it began. UDP tells
little of a collector that is away; what it tells, and what finds no room meanwhile, is counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, cast

import structlog

from ..sip.flow import Address, Flow, Transport
from .events import without_secrets
from .hep import Agent, Captured, encode

log = structlog.stdlib.get_logger(__name__)

ROOM: Final = 10_000
"""Messages that may wait: some seconds of a busy instance."""
PAUSE: Final = 0.1
"""Seconds from one look at what waits to the next."""
BATCH: Final = 200
"""Messages sent before calls get their turn."""
RETRY: Final = 5.0
"""Seconds until a collector that was away is tried again."""


class _Message(NamedTuple):
    time: float
    data: bytes
    flow: Flow
    sent: bool


class Collector:
    """One collector. `offer` never waits; `run` does the work."""

    def __init__(
        self,
        address: Address,
        agent: Agent,
        now: Callable[[], float],
        correlate: Callable[[bytes], str],
        seen_by: Callable[[str, Transport], Address],
    ) -> None:
        """`now` returns UNIX seconds, `correlate` what the messages of one call have in common,
        `seen_by` our address as a peer's host sees it.
        """
        self.sent = 0
        self.dropped = 0
        self._address = address
        self._agent = agent
        self._now = now
        self._correlate = correlate
        self._seen_by = seen_by
        self._waiting: deque[_Message] = deque()

    def offer(self, data: bytes, flow: Flow, *, sent: bool) -> None:
        """Take a message, or drop it when too many wait."""
        if len(self._waiting) < ROOM:
            self._waiting.append(_Message(self._now(), data, flow, sent))
        else:
            self.dropped += 1

    async def run(self) -> None:
        """Send what is offered. Never returns."""
        while True:
            try:
                async with _opened(self._address) as link:
                    await self._pump(link)
            except OSError as error:
                log.warning("the HEP collector is away", address=self._address, error=str(error))
            self._forget()
            await asyncio.sleep(RETRY)

    async def _pump(self, link: _Link) -> None:
        while not link.refused:
            for _ in range(min(len(self._waiting), BATCH)):
                link.send(self._encoded(self._waiting.popleft()))
                self.sent += 1
            await asyncio.sleep(0 if self._waiting else PAUSE)
        self.sent -= 1
        self.dropped += 1
        raise link.refused

    def _encoded(self, message: _Message) -> bytes:
        flow = message.flow
        local = self._seen_by(flow.remote[0], flow.transport)
        ends = (local, flow.remote) if message.sent else (flow.remote, local)
        captured = Captured(
            message.time,
            *ends,
            flow.transport is Transport.UDP,
            without_secrets(message.data),
            self._correlate(message.data),
        )
        return encode(captured, self._agent)

    def _forget(self) -> None:
        self.dropped += len(self._waiting)
        self._waiting.clear()


class _Link(asyncio.DatagramProtocol):
    """A connected UDP socket, so that a port nobody listens on is told."""

    def __init__(self) -> None:
        self.refused: Exception | None = None
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def error_received(self, exc: Exception) -> None:
        self.refused = exc

    def send(self, packet: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(packet)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


@asynccontextmanager
async def _opened(address: Address) -> AsyncIterator[_Link]:
    loop = asyncio.get_running_loop()
    _, link = await loop.create_datagram_endpoint(_Link, remote_addr=address)
    try:
        yield link
    finally:
        link.close()
