"""The calling side of one multiplexed stream to one replica.

Calls collect in a list; the writer takes all that are there when its turn comes, so whatever is
ready in one turn of the event loop shares a message and nothing waits for a timer.
"""

import asyncio
from typing import Any, Final

import grpc
from trunkline.common.v1.multiplex_pb2 import (
    CallFrame,
    ExchangeRequest,
    ExchangeResponse,
    ReplyFrame,
)
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceStub

from .batch import batches
from .channel import Unavailable
from .dispatch import DeadlineExceeded

MAX_IN_FLIGHT: Final = 1024
"""Calls of one stream that wait for their replies. More wait for room, until their deadlines."""


class BrokenStream(Unavailable):
    """The stream to a replica ended under a call."""

    reason = "STREAM_BROKEN"
    sent = True
    """Whether the call may have reached the replica."""


class NeverSent(BrokenStream):
    """The stream to a replica ended before the call left."""

    sent = False


class _Call:
    """One call that waits for its reply."""

    __slots__ = ("future", "sent", "timer")

    def __init__(self, future: "asyncio.Future[ReplyFrame]", timer: asyncio.TimerHandle) -> None:
        self.future = future
        self.timer = timer
        self.sent = False


class Exchange:
    """One stream. `run` connects and lasts until the stream ends; `ask` may be used at once."""

    def __init__(
        self, channel: grpc.aio.Channel, address: str, *, max_in_flight: int = MAX_IN_FLIGHT
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stub = MultiplexServiceStub(channel)
        self._address = address
        self._max_in_flight = max_in_flight
        self._next_id = 0
        self._methods: dict[str, int] = {}
        self._calls: dict[int, _Call] = {}
        self._frames: list[CallFrame] = []
        self._cancelled: list[int] = []
        self._waiters: set[asyncio.Future[None]] = set()
        self._wake: asyncio.Future[None] | None = None
        self._stream: grpc.aio.StreamStreamCall[Any, Any] | None = None
        self.connected = False
        self.leaving: asyncio.Future[None] = self._loop.create_future()
        """Done when new calls must go elsewhere: the replica drains, or the stream has ended."""

    @property
    def open(self) -> bool:
        """Whether new calls may be put on this stream."""
        return not self.leaving.done()

    async def ask(self, method: str, request: bytes, timeout: float, call_id: str) -> ReplyFrame:
        """Send one call and return its reply.

        Raises `DeadlineExceeded`, or `BrokenStream` that says whether the call was sent.
        """
        deadline = self._loop.time() + timeout
        while self._full():
            await self._room(deadline)
        if not self.open:
            raise NeverSent(f"the stream to {self._address} is closed")
        number = self._next_id = self._next_id + 1
        future: asyncio.Future[ReplyFrame] = self._loop.create_future()
        timer = self._loop.call_at(deadline, self._expire, number)
        self._calls[number] = _Call(future, timer)
        self._frames.append(self._frame(number, method, request, deadline, call_id))
        self._notify()
        try:
            return await future
        except asyncio.CancelledError:
            self._abandon(number)
            raise

    async def run(self) -> None:
        """Connect, carry calls, and return when the stream has ended."""
        stream = self._stream = self._stub.Exchange()
        try:
            await stream.initial_metadata()
            self.connected = True
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(stream))
                await self._read(stream)
                writer.cancel()
        except* (grpc.RpcError, grpc.aio.BaseError, asyncio.InvalidStateError):
            pass  # the calls are told below; whoever runs this connects again
        finally:
            stream.cancel()
            self._break()

    def leave(self) -> None:
        """Take no new calls, and end the stream with the last reply."""
        if self.open:
            self.leaving.set_result(None)
            self._end_if_idle()

    def _full(self) -> bool:
        # Calls that expired before a slow peer took their frames still fill the memory.
        return self.open and max(len(self._calls), len(self._frames)) >= self._max_in_flight

    def _frame(
        self, number: int, method: str, request: bytes, deadline: float, call_id: str
    ) -> CallFrame:
        index = self._methods.get(method)
        first_use = index is None
        if index is None:
            index = self._methods[method] = len(self._methods) + 1
        return CallFrame(
            id=number,
            method=index,
            method_name=method if first_use else "",
            timeout_ms=max(int((deadline - self._loop.time()) * 1000), 1),
            request=request,
            call_id=call_id,
        )

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

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _write(self, stream: "grpc.aio.StreamStreamCall[Any, Any]") -> None:
        while self._calls or self.open:
            if not self._frames and not self._cancelled:
                self._wake = self._loop.create_future()
                await self._wake
                continue
            frames, self._frames = self._frames, []
            cancelled, self._cancelled = self._cancelled, []
            for batch in batches(self._still_wanted(frames)):
                await stream.write(ExchangeRequest(calls=batch))
            if cancelled:
                await stream.write(ExchangeRequest(cancelled_ids=cancelled))
        await stream.done_writing()

    def _still_wanted(self, frames: list[CallFrame]) -> list[CallFrame]:
        wanted = []
        for frame in frames:
            call = self._calls.get(frame.id)
            if call is not None:
                call.sent = True
            if call is not None or frame.method_name:  # later frames rely on the name
                wanted.append(frame)
        self._made_room()
        return wanted

    async def _read(self, stream: "grpc.aio.StreamStreamCall[Any, Any]") -> None:
        while True:
            message: ExchangeResponse | Any = await stream.read()
            if message is grpc.aio.EOF:
                return
            for reply in message.replies:
                self._end(reply)
            if message.draining:
                self.leave()

    def _end(self, reply: ReplyFrame) -> None:
        call = self._calls.pop(reply.id, None)
        if call is None:
            return  # its caller no longer waits
        call.timer.cancel()
        if not call.future.done():
            call.future.set_result(reply)
        self._made_room()

    def _expire(self, number: int) -> None:
        call = self._calls.pop(number)
        if not call.future.done():
            call.future.set_exception(DeadlineExceeded(f"{self._address} gave no answer in time"))
        self._made_room()

    def _abandon(self, number: int) -> None:
        call = self._calls.pop(number, None)
        if call is None:
            return
        call.timer.cancel()
        self._cancelled.append(number)
        self._made_room()
        self._notify()

    def _made_room(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self.open or self._calls:
            return
        if self.connected:
            self._notify()
        elif self._stream is not None:
            self._stream.cancel()

    def _break(self) -> None:
        self.leave()
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.timer.cancel()
            if not call.future.done():
                kind = BrokenStream if call.sent else NeverSent
                call.future.set_exception(kind(f"the stream to {self._address} broke"))
        self._made_room()
