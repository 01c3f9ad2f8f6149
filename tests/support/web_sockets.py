"""SIP over WebSocket under a test endpoint, by the websockets library (RFC 7118)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from trunkline_signaling.sip.flow import Address, Flow, Transport
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from .sip_sockets import Receive


class WebSockets:
    """Carries messages of one endpoint, as a browser would: it calls, nobody calls it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._connections: dict[Flow, ClientConnection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> Address:
        """Listen on nothing; return the address as it is."""
        return host, port

    async def connect(self, remote: Address) -> Flow:
        """Open a connection and return its flow."""
        url = f"ws://{remote[0]}:{remote[1]}/"
        connection = await connect(url, subprotocols=[Subprotocol("sip")])
        flow = Flow(Transport.WS, remote, connection.local_address[:2])
        self._connections[flow] = connection
        self._run(self._read(connection, flow))
        return flow

    def send(self, data: bytes, flow: Flow) -> None:
        """Send a message."""
        self._run(self._connections[flow].send(data.decode()))

    async def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            await connection.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, connection: ClientConnection, flow: Flow) -> None:
        async for message in connection:
            self._receive(message.encode() if isinstance(message, str) else message, flow)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
