"""All the ways a message can come and go, behind one `send` and one callback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import structlog

from ..sip.flow import ANY_LOCAL, Address, Flow, Transport
from ..sip.grammar import format_host_port
from .counters import TransportCounters
from .door import TlsDoor
from .options import TransportOptions, bind
from .streams import SipStream
from .tcp import TcpConnection
from .udp import Receive, UdpSocket
from .websocket import WebSocketStream

log = structlog.stdlib.get_logger(__name__)

Way = tuple[Transport, Address, str]

_MAX_WAITING: Final = 64
_CLOSE_LIMIT: Final = 1.0  # seconds for the last bytes to leave


@dataclass(frozen=True, slots=True)
class Listener:
    """An address we receive on, and the one peers are told."""

    transport: Transport
    local: Address
    advertised: Address


class Transports:
    """UDP sockets, listeners and connections. An asynchronous context manager.

    `receive` gets every datagram and frame; `failed` gets a flow that could not be opened, or that
    broke: what was sent there may be lost. Neither is called from within `send`.
    """

    def __init__(
        self,
        receive: Receive,
        failed: Callable[[Flow], None],
        options: TransportOptions | None = None,
        calling: Callable[[], ssl.SSLContext] | None = None,
        admits: Callable[[str], bool] = lambda ip: True,
    ) -> None:
        """`calling` returns what the next TLS connection is opened with; None opens none. `admits`
        is asked about the source of each connection before anything is read of it.
        """
        self.options = options or TransportOptions()
        """May be replaced at any time."""
        self.counters = TransportCounters()
        self.listeners: list[Listener] = []
        self._receive = receive
        self._failed = failed
        self._calling = calling
        self._admits = admits
        self._udp: dict[Address, UdpSocket] = {}
        self._servers: list[asyncio.Server] = []
        self._doors: list[asyncio.Task[None]] = []
        self._connections: dict[Flow, TcpConnection] = {}
        self._by_way: dict[Way, TcpConnection] = {}
        self._waiting: dict[Way, deque[bytes]] = {}
        self._tasks = asyncio.TaskGroup()
        self._connecting: set[asyncio.Task[None]] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
        await self._tasks.__aexit__(kind, error, traceback)

    async def listen_udp(self, address: Address, advertised: Address | None = None) -> Address:
        """Receive datagrams at an address; return it with the port it got. Raises `OSError`."""
        opened = UdpSocket.open(address, self.options, self._receive, self.counters)
        self._udp[opened.local] = opened
        self._add_listener(Transport.UDP, opened.local, advertised)
        return opened.local

    async def listen_tcp(
        self,
        address: Address,
        advertised: Address | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Address:
        """Take connections at an address, under TLS with a context for it. Raises `OSError`."""
        return await self._listen(Transport.TLS if tls else Transport.TCP, address, advertised, tls)

    async def listen_websocket(
        self,
        address: Address,
        advertised: Address | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Address:
        """Take WebSocket connections at an address (RFC 7118). Raises `OSError`."""
        return await self._listen(Transport.WSS if tls else Transport.WS, address, advertised, tls)

    async def _listen(
        self,
        kind: Transport,
        address: Address,
        advertised: Address | None,
        tls: ssl.SSLContext | None,
    ) -> Address:
        bound = bind(socket.SOCK_STREAM, address)
        local: Address = bound.getsockname()[:2]
        if tls is None:
            server = await asyncio.get_running_loop().create_server(
                lambda: self._new_connection(kind, opened=self._accepted), sock=bound
            )
            self._servers.append(server)
        else:
            self._open_door(kind, bound, tls)
        self._add_listener(kind, local, advertised)
        return local

    def _open_door(self, kind: Transport, bound: socket.socket, tls: ssl.SSLContext) -> None:
        bound.listen(socket.SOMAXCONN)
        door = TlsDoor(
            bound,
            tls,
            lambda: self.options,
            self._welcomes,
            lambda: self._new_connection(kind),
            self._spawn,
            self.counters,
        )
        task = self._tasks.create_task(door.serve())
        task.add_done_callback(lambda _: bound.close())
        self._doors.append(task)

    @property
    def waiting(self) -> int:
        """Bytes of datagrams that the kernel holds for us, its own overhead included."""
        return sum(opened.waiting for opened in self._udp.values())

    def sent_by(self, flow: Flow) -> str:
        """Return host and port our Via and Contact show to a peer on this flow."""
        family = _family(flow.remote)
        fitting = [listener for listener in self.listeners if _family(listener.local) == family]
        if not fitting:
            return format_host_port(*flow.local)
        best = max(fitting, key=lambda it: (it.transport is flow.transport, it.local == flow.local))
        return format_host_port(*best.advertised)

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message, opening a connection if there is none to this peer yet.

        Over TCP and TLS the flow's own connection is taken, else any from or to its very remote
        address and port (RFC 5923), under TLS only one that proved the flow's domain. A failure is
        told through `failed`, later.
        """
        if flow.transport is Transport.UDP:
            opened = self._udp.get(flow.local) or self._udp_for(flow.remote)
            if opened is None:
                self._fail_later(flow)
            else:
                opened.send(data, flow.remote)
            return
        connection = self._connections.get(flow)
        if connection is None or not connection.is_open:
            connection = self._by_way.get(flow.way)
        if connection is not None and connection.is_open:
            connection.send(data)
        elif flow.transport.is_websocket:
            self._fail_later(flow)  # nobody can be called back (RFC 7118 section 5)
        else:
            self._queue(data, flow)

    async def close(self) -> None:
        """Close everything; connections get a moment to send what is left."""
        self._closing = True
        for server in self._servers:
            server.close()
        for connection in [*self._connections.values()]:
            connection.close()
        for task in (*self._doors, *self._connecting):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT):
                await self._quiet.wait()
        for connection in [*self._connections.values()]:
            connection.abort()
        for opened in self._udp.values():
            opened.close()

    def _add_listener(
        self, transport: Transport, local: Address, advertised: Address | None
    ) -> None:
        host, port = advertised or local
        self.listeners.append(Listener(transport, local, (host, port or local[1])))
        log.info("listening", transport=str(transport), local=local)

    def _udp_for(self, remote: Address) -> UdpSocket | None:
        family = _family(remote)
        return next((s for s in self._udp.values() if _family(s.local) == family), None)

    def _queue(self, data: bytes, flow: Flow) -> None:
        if self._closing:
            self._fail_later(flow)
            return
        way = flow.way
        waiting = self._waiting.get(way)
        if waiting is None:
            self._waiting[way] = deque([data])
            self._spawn(self._connect(flow))
        elif len(waiting) < _MAX_WAITING:
            waiting.append(data)
        else:
            self._fail_later(flow)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.create_task(work)
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, flow: Flow) -> None:
        way = flow.way
        try:
            async with asyncio.timeout(self.options.connect_limit):
                connection = await self._open(flow)
        except (OSError, TimeoutError, ValueError) as error:
            log.info(
                "cannot connect",
                transport=str(flow.transport),
                remote=flow.remote,
                error=str(error),
            )
            self.counters.connections_failed += 1
            del self._waiting[way]
            self._failed(flow)
            return
        waiting = self._waiting.pop(way)
        if connection.is_open:
            for data in waiting:
                connection.send(data)
        else:
            self._failed(flow)

    async def _open(self, flow: Flow) -> TcpConnection:
        loop = asyncio.get_running_loop()
        tls = self._tls_towards(flow) if flow.transport is Transport.TLS else None
        _, connection = await loop.create_connection(
            lambda: self._new_connection(flow.transport, flow.domain),
            *flow.remote,
            ssl=tls,
            server_hostname=flow.domain or None,
        )
        return connection

    def _tls_towards(self, flow: Flow) -> ssl.SSLContext:
        if self._calling is None:
            raise ssl.SSLError("TLS is not configured")
        if not flow.domain:
            raise ssl.SSLError("its connection is gone, and nobody knows what it has to prove")
        return self._calling()

    def _new_connection(
        self,
        kind: Transport,
        domain: str = "",
        opened: Callable[[TcpConnection], bool] | None = None,
    ) -> TcpConnection:
        return TcpConnection(
            Flow(kind, ANY_LOCAL, ANY_LOCAL, domain),
            WebSocketStream() if kind.is_websocket else SipStream(),
            lambda: self.options,
            self._receive,
            opened or self._opened,
            self._lost,
            self.counters,
        )

    def _accepted(self, connection: TcpConnection) -> bool:
        return self._welcomes(connection.flow.remote[0]) and self._opened(connection)

    def _welcomes(self, ip: str) -> bool:
        """Tell whether a source may open one more connection."""
        if not self._admits(ip):
            self.counters.limited += 1
            return False
        return len(self._connections) + len(self._connecting) < self.options.max_connections

    def _opened(self, connection: TcpConnection) -> bool:
        """Note a connection; False when there is no room for it."""
        if self._closing or len(self._connections) >= self.options.max_connections:
            return False
        self._connections[connection.flow] = connection
        self._by_way[connection.flow.way] = connection
        self._quiet.clear()
        self.counters.connections = len(self._connections)
        return True

    def _lost(self, connection: TcpConnection, failed: bool) -> None:
        if self._connections.get(connection.flow) is not connection:
            return  # it was refused
        del self._connections[connection.flow]
        way = connection.flow.way
        if self._by_way.get(way) is connection:
            del self._by_way[way]
        self.counters.connections = len(self._connections)
        if not self._connections:
            self._quiet.set()
        if failed and not self._closing:
            self._failed(connection.flow)

    def _fail_later(self, flow: Flow) -> None:
        asyncio.get_running_loop().call_soon(self._failed, flow)


def _family(address: Address) -> int:
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET
