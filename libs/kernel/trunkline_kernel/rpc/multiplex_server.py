"""The answering side of the multiplexed stream (docs/adr/0001-multiplexed-stream.md).

Each frame becomes a task that runs `Dispatcher.answer`. Replies that are ready in the same turn of
the event loop leave in one message. While the limit of running calls is reached, nothing is read,
so gRPC's flow control slows the caller down.
"""

import asyncio
import random
from typing import Any, Final

import grpc
from trunkline.common.v1.multiplex_pb2 import (
    CallFrame,
    ExchangeRequest,
    ExchangeResponse,
    ReplyFrame,
)
from trunkline.common.v1.multiplex_pb2_grpc import MultiplexServiceServicer

from ..faults import InvalidArgument
from .batch import batches
from .dispatch import Dispatcher
from .inprocess import LocalContext
from .status import Reply, reply_of

MAX_RUNNING: Final = 1024
"""Calls of one stream that run at the same time."""

StreamContext = grpc.aio.ServicerContext[ExchangeRequest, ExchangeResponse]


class MultiplexServicer(MultiplexServiceServicer):
    """Answers calls that share a stream."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        max_age: float = 300.0,
        max_running: int = MAX_RUNNING,
        randomness: random.Random | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._max_age = max_age
        self._max_running = max_running
        self._random = randomness or random.Random()  # noqa: S311 - spreads renewals, no secret
        self._streams: set[_Stream] = set()
        self._draining = False

    def drain(self) -> None:
        """Ask every caller to send its new calls elsewhere."""
        self._draining = True
        for stream in self._streams:
            stream.drain()

    async def Exchange(self, requests: object, context: StreamContext) -> None:  # type: ignore[override]
        """Answer one caller until either side ends the stream."""
        await context.send_initial_metadata(())
        stream = _Stream(self._dispatcher, context, self._max_running)
        age = self._max_age * self._random.uniform(0.9, 1.1)
        renewal = asyncio.get_running_loop().call_later(age, stream.drain)
        self._streams.add(stream)
        if self._draining:
            stream.drain()
        try:
            await stream.run()
        finally:
            renewal.cancel()
            self._streams.discard(stream)


class _Stream:
    """One caller's calls in progress."""

    def __init__(self, dispatcher: Dispatcher, context: StreamContext, max_running: int) -> None:
        self._dispatcher = dispatcher
        self._context = context
        self._peer = context.peer()
        self._max_running = max_running
        self._methods: dict[int, str] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._replies: list[ReplyFrame] = []
        self._announce = False
        self._closing = False
        self._ready = asyncio.Event()
        self._room = asyncio.Event()

    def drain(self) -> None:
        """Tell the caller that this stream takes no new calls."""
        self._announce = True
        self._ready.set()

    async def run(self) -> None:
        """Read calls until the caller closes, then end with the last reply."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write())
                await self._read()
                if self._running:
                    await asyncio.wait(self._running.values())
                self._closing = True
                self._ready.set()
        finally:
            for task in self._running.values():
                task.cancel()

    async def _read(self) -> None:
        while True:
            message: Any = await self._context.read()
            if message is grpc.aio.EOF:
                return
            for frame in message.calls:
                while len(self._running) >= self._max_running:
                    self._room.clear()
                    await self._room.wait()
                self._start(frame)
            for call in message.cancelled_ids:
                if task := self._running.get(call):
                    task.cancel()

    def _start(self, frame: CallFrame) -> None:
        method = self._methods.get(frame.method)
        if method is None:
            method = self._methods[frame.method] = frame.method_name
        self._running[frame.id] = asyncio.create_task(self._answer(frame, method))

    async def _answer(self, frame: CallFrame, method: str) -> None:
        try:
            reply = await self._reply(frame, method)
            self._replies.append(
                ReplyFrame(
                    id=frame.id,
                    code=reply.code,
                    response=reply.response,
                    message=reply.message,
                    status_details=reply.details,
                )
            )
            self._ready.set()
        finally:
            del self._running[frame.id]
            self._room.set()

    async def _reply(self, frame: CallFrame, method: str) -> Reply:
        if not frame.timeout_ms:
            return reply_of(InvalidArgument("timeout_ms: a call needs a deadline of 1 ms or more"))
        timeout = frame.timeout_ms / 1000
        return await self._dispatcher.answer(
            method,
            frame.request,
            LocalContext(self._peer, timeout),
            timeout=timeout,
            call_id=frame.call_id,
        )

    async def _write(self) -> None:
        while not (self._closing and not self._replies):
            await self._ready.wait()
            self._ready.clear()
            if self._announce:
                self._announce = False
                await self._context.write(ExchangeResponse(draining=True))
            ready, self._replies = self._replies, []
            for batch in batches(ready):
                await self._context.write(ExchangeResponse(replies=batch))
