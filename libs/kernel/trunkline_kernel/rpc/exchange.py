"""The calling side of one connection that many calls share, to one replica.

Calls collect in a list; a callback at the end of this turn of the event loop sends all of them, so
whatever is ready together shares a message and nothing waits for a timer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, cast

import structlog
from google.protobuf.message import DecodeError
from trunkline.common.v1.multiplex_pb2 import FramesReply, FramesRequest, ReplyFrame

from ..faults import TrunklineError
from .batch import batches
from .channel import Unavailable
from .deadlines import Deadlines
from .dispatch import DeadlineExceeded
from .framing import OversizedMessage, Splitter, framed

log = structlog.stdlib.get_logger(__name__)

MAX_IN_FLIGHT: Final = 1024
"""Calls of one connection that wait for replies. More wait for room, until their deadlines."""

Connect = Callable[[asyncio.Protocol], Awaitable[None]]
"""Connects a protocol to the replica. Raises `OSError` or `TrunklineError`."""


class BrokenConnection(Unavailable):
    """The connection to a replica ended under a call."""

    reason = "CONNECTION_BROKEN"
    sent = True
    """Whether the call may have reached the replica."""


class NeverSent(BrokenConnection):
    """The connection to a replica ended before the call left."""

    sent = False


class _Call:
    """One call that waits for its reply."""

    __slots__ = ("call_id", "deadline", "method", "number", "reply", "request", "sent")

    def __init__(
        self,
        number: int,
        method: str,
        request: bytes,
        deadline: float,
        call_id: str,
        reply: "asyncio.Future[ReplyFrame]",
    ) -> None:
        self.number = number
        self.method = method
        self.request = request
        self.deadline = deadline
        self.call_id = call_id
        self.reply = reply
        self.sent = False

    def size(self) -> int:
        """Return the bytes that weigh in a message."""
        return len(self.request)


class Exchange(asyncio.Protocol):
    """One connection. `run` makes it and lasts until it ends; `ask` may be used at once."""

    def __init__(
        self, connect: Connect, address: str, *, max_in_flight: int = MAX_IN_FLIGHT
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._connect = connect
        self._address = address
        self._max_in_flight = max_in_flight
        self._next_id = 0
        self._methods: dict[str, int] = {}
        self._calls: dict[int, _Call] = {}
        self._deadlines = Deadlines(self._expire)
        self._unsent: list[_Call] = []
        self._cancelled: list[int] = []
        self._waiters: set[asyncio.Future[None]] = set()
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._paused = False
        self._flushing = False
        self.connected = False
        self.open = True
        """Whether new calls may be put on this connection."""
        self.leaving: asyncio.Future[None] = self._loop.create_future()
        """Done when new calls must go elsewhere: the replica drains, or the connection ended."""

    async def ask(self, method: str, request: bytes, deadline: float, call_id: str) -> ReplyFrame:
        """Send one call and return its reply, before the loop's time comes to `deadline`.

        Raises `DeadlineExceeded`, or `BrokenConnection` that says whether the call was sent.
        """
        while self._full():
            await self._room(deadline)
        if not self.open:
            raise NeverSent(f"the connection to {self._address} is closed")
        call_id.encode()  # one that is no text fails here, and not whom it shares a message with
        number = self._next_id = self._next_id + 1
        call = _Call(number, method, request, deadline, call_id, self._loop.create_future())
        self._calls[number] = call
        self._unsent.append(call)
        self._deadlines.add(number, deadline)
        self._flush_soon()
        try:
            return await call.reply
        except asyncio.CancelledError:
            self._abandon(number)
            raise

    async def run(self) -> None:
        """Connect, carry calls, and return when the connection has ended."""
        self._connecting = asyncio.ensure_future(self._connect(self))
        try:
            await self._connecting
            await self._closed
        except (OSError, TrunklineError):
            pass  # the calls are told below; whoever runs this connects again
        except asyncio.CancelledError:
            if not self._left_before_connecting():
                raise
        finally:
            if self._transport is not None:
                self._transport.abort()
            self._break()

    def leave(self) -> None:
        """Take no new calls, and close with the last reply."""
        if self.open:
            self.open = False
            self.leaving.set_result(None)
            self._end_if_idle()

    # --- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has collected."""
        self._transport = cast(asyncio.Transport, transport)
        self.connected = True
        self._flush_soon()
        self._end_if_idle()

    def data_received(self, data: bytes) -> None:
        """Give replies to who waits for them."""
        try:
            for message in self._splitter.feed(data):
                self._take(FramesReply.FromString(message))
        except (OversizedMessage, DecodeError) as error:
            log.error("a replica speaks nonsense", replica=self._address, error=str(error))
            self._close()

    def connection_lost(self, error: Exception | None) -> None:
        """Let `run` end."""
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        """Let frames collect while the replica takes no bytes."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send what has collected."""
        self._paused = False
        self._flush_soon()

    # --- sending

    def _full(self) -> bool:
        # Calls that expired before a slow peer took them still fill the memory.
        return max(len(self._calls), len(self._unsent)) >= self._max_in_flight and self.open

    async def _room(self, deadline: float) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                await waiter
        except TimeoutError:
            raise DeadlineExceeded(f"{self._address} took no more calls in time") from None
        finally:
            self._waiters.discard(waiter)

    def _flush_soon(self) -> None:
        if self._transport is not None and not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._transport is None or self._paused:
            return
        unsent, self._unsent = self._unsent, []
        wanted = [call for call in unsent if not call.reply.done()]
        for batch in batches(wanted, _Call.size):
            self._transport.write(framed(self._message(batch)))
        if self._cancelled:
            cancelled, self._cancelled = self._cancelled, []
            self._transport.write(framed(FramesRequest(cancelled_ids=cancelled)))
        self._made_room()

    def _message(self, calls: list[_Call]) -> FramesRequest:
        message, methods, now = FramesRequest(), self._methods, self._loop.time()
        for call in calls:
            frame = message.calls.add(
                id=call.number,
                timeout_ms=max(int((call.deadline - now) * 1000), 1),
                request=call.request,
                call_id=call.call_id,
            )
            index = methods.get(call.method)
            if index is None:
                index = methods[call.method] = len(methods) + 1
                frame.method_name = call.method
            frame.method = index
            call.sent = True
        return message

    # --- the end of a call

    def _take(self, message: FramesReply) -> None:
        for reply in message.replies:
            self._end(reply)
        self._made_room()
        if message.draining:
            self.leave()

    def _end(self, reply: ReplyFrame) -> None:
        number = reply.id
        call = self._calls.pop(number, None)
        if call is None:
            return  # its caller no longer waits
        self._deadlines.discard(number)
        if not call.reply.done():
            call.reply.set_result(reply)

    def _expire(self, number: int) -> None:
        call = self._calls.pop(number)
        if not call.reply.done():
            call.reply.set_exception(DeadlineExceeded(f"{self._address} gave no answer in time"))
        self._made_room()

    def _abandon(self, number: int) -> None:
        call = self._calls.pop(number, None)
        if call is None:
            return
        self._deadlines.discard(number)
        self._cancelled.append(number)
        self._flush_soon()
        self._made_room()

    def _made_room(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._end_if_idle()

    # --- the end of the connection

    def _end_if_idle(self) -> None:
        if self.open or self._calls:
            return
        if self._transport is not None:
            self._loop.call_soon(self._close)  # what was given up in this turn still leaves
        elif self._connecting is not None:
            self._connecting.cancel()

    def _left_before_connecting(self) -> bool:
        return self._connecting is not None and self._connecting.cancelled() and not self.open

    def _close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def _break(self) -> None:
        self.connected = False
        self.leave()
        calls, self._calls = self._calls, {}
        for number, call in calls.items():
            self._deadlines.discard(number)
            if not call.reply.done():
                kind = BrokenConnection if call.sent else NeverSent
                call.reply.set_exception(kind(f"the connection to {self._address} broke"))
        self._made_room()
