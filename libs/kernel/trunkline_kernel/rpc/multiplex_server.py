"""The answering side of connections that many calls share (docs/adr/0001-hot-calls.md).

Each frame becomes a task that runs `Dispatcher.answer`. Replies that are ready in the same turn of
the event loop leave in one message. While the limit of running calls is reached, or the caller
takes no replies, nothing is read, so TCP slows the caller down.
"""

import asyncio
import random
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, cast

import structlog
from google.protobuf.message import DecodeError
from trunkline.common.v1.multiplex_pb2 import (
    CallFrame,
    FramesReply,
    FramesRequest,
    LocateFramesRequest,
    LocateFramesResponse,
)
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceServicer

from ..faults import InvalidArgument
from .batch import batches
from .dispatch import Context, Dispatcher
from .framing import OversizedMessage, Splitter, framed, notice_dead_peers
from .inprocess import LocalContext
from .status import OK, Reply, reply_of

log = structlog.stdlib.get_logger(__name__)

MAX_RUNNING: Final = 1024
"""Calls of one connection that run at the same time."""

BACKLOG: Final = 512
"""Connections that may wait to be taken."""


class FrameServer(MultiplexServiceServicer):
    """Takes connections, and tells where."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        max_age: float = 300.0,
        max_running: int = MAX_RUNNING,
        randomness: random.Random | None = None,
    ) -> None:
        """`max_age` is in seconds: when a connection is renewed."""
        self._dispatcher = dispatcher
        self._max_age = max_age
        self._max_running = max_running
        self._random = randomness or random.Random()  # noqa: S311 - spreads renewals, no secret
        self._connections: set[_Connection] = set()
        self._socket: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._draining = False
        self._empty = asyncio.Event()

    def bind(self, host: str, port: int) -> None:
        """Take the port; who connects waits for `start`. Raises `OSError` when it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        notice_dead_peers(self._socket)  # what it accepts inherits that

    async def start(self, tls: ssl.SSLContext | None) -> None:
        """Answer. Only after `bind`."""
        assert self._socket is not None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, sock=self._socket, ssl=tls)

    async def stop(self, grace: float) -> None:
        """Ask callers to go elsewhere; end when the last has, or after `grace` seconds."""
        self._draining = True
        for connection in self._connections:
            connection.drain()
        if self._connections:
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._empty.wait()
        for connection in list(self._connections):
            connection.abort()
        if self._server is not None:
            self._server.close()
        elif self._socket is not None:
            self._socket.close()

    async def LocateFrames(
        self, request: LocateFramesRequest, context: Context
    ) -> LocateFramesResponse:
        """Tell the port."""
        assert self._socket is not None
        return LocateFramesResponse(port=self._socket.getsockname()[1])

    def _accept(self) -> "_Connection":
        return _Connection(self._dispatcher, self._max_running, self._opened, self._closed)

    def _opened(self, connection: "_Connection") -> None:
        self._connections.add(connection)
        age = self._max_age * self._random.uniform(0.9, 1.1)
        connection.renewal = asyncio.get_running_loop().call_later(age, connection.drain)
        if self._draining:
            connection.drain()

    def _closed(self, connection: "_Connection") -> None:
        self._connections.discard(connection)
        if self._draining and not self._connections:
            self._empty.set()


class _Connection(asyncio.Protocol):
    """One caller's calls in progress."""

    renewal: asyncio.TimerHandle

    def __init__(
        self,
        dispatcher: Dispatcher,
        max_running: int,
        opened: Callable[["_Connection"], None],
        closed: Callable[["_Connection"], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._dispatcher = dispatcher
        self._max_running = max_running
        self._opened = opened
        self._closed = closed
        self._peer = ""
        self._splitter = Splitter()
        self._methods: dict[int, str] = {}
        self._waiting: deque[CallFrame] = deque()
        self._running: dict[int, asyncio.Task[None]] = {}
        self._replies: list[tuple[int, Reply]] = []
        self._flushing = False
        self._caller_is_slow = False
        self._reading = True

    # --- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self._peer = f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}"
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        """Start the calls of every whole message."""
        try:
            for message in self._splitter.feed(data):
                self._take(FramesRequest.FromString(message))
        except (OversizedMessage, DecodeError) as error:
            log.warning("a caller speaks nonsense", caller=self._peer, error=str(error))
            self._transport.abort()

    def pause_writing(self) -> None:
        """Read no calls while the caller takes no replies."""
        self._caller_is_slow = True
        self._read_or_wait()

    def resume_writing(self) -> None:
        """Go on."""
        self._caller_is_slow = False
        self._read_or_wait()

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody waits for the calls any more."""
        self.renewal.cancel()
        self._waiting.clear()
        for task in self._running.values():
            task.cancel()
        self._closed(self)

    # --- what the server wants

    def drain(self) -> None:
        """Tell the caller that this connection takes no new calls."""
        self._transport.write(framed(FramesReply(draining=True)))

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    # --- calls

    def _take(self, request: FramesRequest) -> None:
        for frame in request.calls:
            if frame.method_name:
                self._methods[frame.method] = frame.method_name
            self._waiting.append(frame)
        if request.cancelled_ids:
            self._give_up(set(request.cancelled_ids))
        self._start_waiting()

    def _give_up(self, calls: set[int]) -> None:
        for call in calls:
            if task := self._running.get(call):
                task.cancel()
        self._waiting = deque(frame for frame in self._waiting if frame.id not in calls)

    def _start_waiting(self) -> None:
        while self._waiting and len(self._running) < self._max_running:
            frame = self._waiting.popleft()
            self._running[frame.id] = self._loop.create_task(self._answer(frame))
        self._flush_soon()  # right behind those that answer without waiting
        self._read_or_wait()

    def _read_or_wait(self) -> None:
        may_read = not (self._waiting or self._caller_is_slow)
        if may_read is self._reading or self._transport.is_closing():
            return
        self._reading = may_read
        if may_read:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    async def _answer(self, frame: CallFrame) -> None:
        try:
            reply = await self._reply(frame)
            self._replies.append((frame.id, reply))
            self._flush_soon()
        finally:
            del self._running[frame.id]
            if self._waiting:
                self._start_waiting()

    async def _reply(self, frame: CallFrame) -> Reply:
        if not frame.timeout_ms:
            return reply_of(InvalidArgument("timeout_ms: a call needs a deadline of 1 ms or more"))
        timeout = frame.timeout_ms / 1000
        return await self._dispatcher.answer(
            self._methods.get(frame.method, ""),
            frame.request,
            LocalContext(self._peer, timeout, self._loop),
            timeout=timeout,
            call_id=frame.call_id,
        )

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        ready, self._replies = self._replies, []
        if not self._transport.is_closing():
            for batch in batches(ready, _size):
                self._transport.write(framed(_message(batch)))


def _size(ended: tuple[int, Reply]) -> int:
    """Return the bytes of a reply that weigh in a message."""
    _, reply = ended
    return len(reply.response) + len(reply.details)


def _message(ended: list[tuple[int, Reply]]) -> FramesReply:
    message = FramesReply()
    for number, reply in ended:
        frame = message.replies.add(id=number, code=reply.code, response=reply.response)
        if reply.code != OK:
            frame.message, frame.status_details = reply.message, reply.details
    return message
