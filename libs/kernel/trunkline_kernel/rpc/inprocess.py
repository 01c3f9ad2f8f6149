"""The same servicers without sockets, for simulation and for services that share a process.

Every message is serialized on its way in and out, so that neither side ever holds an object of the
other.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..logs import CALL_ID
from .dispatch import DeadlineExceeded, Dispatcher
from .methods import Method, RequestT, ResponseT
from .status import OK, error_of


class LocalContext:
    """Context of a call that came over no socket of its own."""

    __slots__ = ("_deadline", "_loop", "_peer")

    def __init__(self, peer: str, timeout: float | None, loop: asyncio.AbstractEventLoop) -> None:
        self._peer = peer
        self._loop = loop
        self._deadline = None if timeout is None else loop.time() + timeout

    def peer(self) -> str:
        """Return where the call came from."""
        return self._peer

    def time_remaining(self) -> float | None:
        """Return the seconds until the caller gives up."""
        return None if self._deadline is None else max(self._deadline - self._loop.time(), 0.0)

    def invocation_metadata(self) -> tuple[()]:
        """Return nothing: only calls of their own carry any."""
        return ()

    def set_code(self, code: object) -> None:
        """Accept what generated code says of methods that are not implemented."""

    def set_details(self, details: str) -> None:
        """Accept what generated code says of methods that are not implemented."""


class InProcessChannel:
    """A `Channel` straight into a dispatcher."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float,
        call_id: str | None = None,
    ) -> ResponseT:
        """Call a unary method, in a task of its own as a server would."""
        answer = asyncio.create_task(
            self._dispatcher.answer(
                method.name,
                request.SerializeToString(),
                LocalContext("in-process", timeout, asyncio.get_running_loop()),
                timeout=timeout,
                call_id=CALL_ID.get() if call_id is None else call_id,
            )
        )
        try:
            async with asyncio.timeout(timeout):
                reply = await answer
        except TimeoutError:
            raise DeadlineExceeded(f"{method.name}: no answer within {timeout:g} s") from None
        if reply.code != OK:
            raise error_of(reply.code, reply.message, reply.details)
        return method.response.FromString(reply.response)

    async def stream(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float | None = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[ResponseT, None]:
        """Call a server-streaming method."""
        try:
            async with asyncio.timeout(timeout):
                answers = self._dispatcher.stream(
                    method.name,
                    request.SerializeToString(),
                    LocalContext("in-process", timeout, asyncio.get_running_loop()),
                    call_id=CALL_ID.get() if call_id is None else call_id,
                )
                async with aclosing(answers) as responses:
                    async for response in responses:
                        yield method.response.FromString(response)
        except TimeoutError:
            raise DeadlineExceeded(f"{method.name}: the stream ran out of time") from None
