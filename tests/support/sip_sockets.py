"""Sockets under the SIP core for test endpoints: one UDP port, and TCP or TLS on its number."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, cast

from trunkline_signaling.sip.flow import Address, Flow, Transport
from trunkline_signaling.sip.framing import PONG, Frame, Framer, Ping, StreamBroken

Receive = Callable[[bytes | Frame, Flow], None]


class Sockets(Protocol):
    """What an endpoint speaks SIP through."""

    async def open(self, host: str, port: int) -> Address:
        """Begin; port 0 lets the system choose. Return the address."""

    async def connect(self, remote: Address) -> Flow:
        """Open a connection and return its flow."""

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message."""

    async def close(self) -> None:
        """Close everything."""


class SipSockets:
    """Carries messages of one endpoint. Addresses are IPv4."""

    def __init__(self, receive: Receive, tls: ssl.SSLContext | None = None) -> None:
        """With `tls`, connections are taken by TLS only."""
        self._receive = receive
        self._tls = tls
        self._udp: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None
        self._streams: dict[tuple[Address, Address], _Stream] = {}

    async def open(self, host: str, port: int) -> Address:
        """Listen on UDP and TCP; port 0 lets the system choose. Return the address."""
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._receive), local_addr=(host, port)
        )
        address: Address = self._udp.get_extra_info("sockname")[:2]
        with suppress(OSError):  # somebody else's TCP port: then this endpoint speaks UDP only
            make = self._make_stream
            self._server = await loop.create_server(make, *address, ssl=self._tls)
        return address

    async def connect(self, remote: Address) -> Flow:
        """Open a TCP connection and return its flow."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(self._make_stream, *remote)
        return stream.flow

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message. What has nowhere to go is lost, as on a network."""
        if flow.transport is Transport.UDP:
            assert self._udp is not None
            if not self._udp.is_closing():
                self._udp.sendto(data, flow.remote)
        elif stream := self._streams.get((flow.local, flow.remote)):
            stream.transport.write(data)

    async def close(self) -> None:
        """Close every socket."""
        if self._udp is not None:
            self._udp.close()
        for stream in list(self._streams.values()):
            stream.transport.close()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)  # lets the transports report that they are closed

    def _make_stream(self) -> "_Stream":
        return _Stream(self._receive, self._streams)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._local: Address = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._local = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._receive(data, Flow(Transport.UDP, addr, self._local))


class _Stream(asyncio.Protocol):
    transport: asyncio.WriteTransport
    flow: Flow

    def __init__(self, receive: Receive, streams: dict[tuple[Address, Address], "_Stream"]) -> None:
        self._receive = receive
        self._streams = streams
        self._framer = Framer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)
        local = transport.get_extra_info("sockname")[:2]
        remote = transport.get_extra_info("peername")[:2]
        kind = Transport.TLS if transport.get_extra_info("sslcontext") else Transport.TCP
        self.flow = Flow(kind, remote, local)
        self._streams[local, remote] = self

    def data_received(self, data: bytes) -> None:
        try:
            for item in self._framer.feed(data):
                if isinstance(item, Ping):
                    self.transport.write(PONG)
                else:
                    self._receive(item, self.flow)
        except StreamBroken:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._streams.pop((self.flow.local, self.flow.remote), None)
