"""The one place where a call meets its servicer method, however it came.

Unary gRPC, frames on a shared connection and the in-process channel all end in `Dispatcher.answer`,
so they give the same answers, the same errors, the same metrics and the same log lines.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from time import perf_counter
from typing import Any, Final, NoReturn, Protocol, TypeVar, cast

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from ..faults import Fault, InvalidArgument, TrunklineError
from ..logs import CALL_ID
from ..metrics import Metrics
from ..tracing import Spans
from .call_metrics import OK as OK_NAME
from .call_metrics import MethodCalls, ServerMetrics
from .deadlines import Deadlines, Limit
from .status import OK, Reply, reply_of

log = structlog.stdlib.get_logger(__name__)

ServicerT = TypeVar("ServicerT")

MAX_DURATION: Final = 60.0
"""Seconds a unary call may take when nobody says otherwise."""

LEAVING: Final = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, SystemExit)
"""What ends a call from outside. All else is a mistake; a panic of Rust is no `Exception`."""

Serve = Callable[[Any, "Context"], Any]


class Context(Protocol):
    """What a servicer method may ask about its call, on every path."""

    def peer(self) -> str:
        """Return where the call came from."""

    def time_remaining(self) -> float | None:
        """Return the seconds until the caller gives up. None means never."""

    def invocation_metadata(self) -> Any:
        """Return (key, value) pairs that came with the call; None or nothing where none did."""


class DeadlineExceeded(TrunklineError):
    """The caller's deadline passed before there was an answer."""

    fault = Fault.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"


class UnknownMethod(TrunklineError):
    """Nobody here answers this method."""

    fault = Fault.UNIMPLEMENTED
    reason = "UNKNOWN_METHOD"


class InternalError(TrunklineError):
    """The service made a mistake, which its log describes."""

    fault = Fault.INTERNAL
    reason = "INTERNAL"


class Endpoint:
    """One servicer method with what it takes to call it on bytes."""

    __slots__ = ("calls", "name", "parse", "serve", "streams")

    def __init__(
        self, name: str, handler: "grpc.RpcMethodHandler[Any, Any]", calls: MethodCalls
    ) -> None:
        self.name = name
        self.calls = calls
        self.streams = bool(handler.response_streaming)
        serve = handler.unary_stream if self.streams else handler.unary_unary
        self.serve = cast(Callable[[Any, Context], Any], serve)
        self.parse = cast(Callable[[bytes], Message], handler.request_deserializer)

    def observe(self, code: int, seconds: float) -> None:
        """Count one ended call."""
        self.calls.observe(OK_NAME if code == OK else Fault(code).name, seconds)


class Dispatcher:
    """The servicers of one service, by method name."""

    def __init__(self, metrics: Metrics, *, max_duration: float = MAX_DURATION) -> None:
        self.endpoints: dict[str, Endpoint] = {}
        self.service_names: list[str] = []
        self.spans: Spans | None = None
        """Takes what is answered for calls. None: calls are not traced."""
        self._max_duration = max_duration
        self._limits = Deadlines(Limit.expire)
        self._metrics = ServerMetrics(metrics)

    def add(
        self, register: Callable[[ServicerT, grpc.aio.Server], None], servicer: ServicerT
    ) -> None:
        """Add a servicer by its generated `add_...Servicer_to_server` function."""
        register(servicer, cast(grpc.aio.Server, _Recorder(self._record)))

    def wrap(self, name: str, around: Callable[[Serve], Serve]) -> None:
        """Put `around` a method that was added, by its full name."""
        endpoint = self.endpoints[name]
        endpoint.serve = around(endpoint.serve)

    def _record(self, service: str, handlers: dict[str, Any]) -> None:
        self.service_names.append(service)
        for method, handler in handlers.items():
            if not handler.request_streaming:
                name = f"/{service}/{method}"
                self.endpoints[name] = Endpoint(name, handler, self._metrics.of(name))

    async def answer(
        self, name: str, request: bytes, context: Context, *, timeout: float, call_id: str
    ) -> Reply:
        """Run a unary method on a serialized request. Raises nothing but `CancelledError`.

        `timeout` is in seconds and cut to the longest duration the service allows.
        """
        CALL_ID.set(call_id)
        endpoint = self.endpoints.get(name)
        if endpoint is None or endpoint.streams:
            return reply_of(UnknownMethod(f"{name} is not answered here"))
        started = perf_counter()
        reply = await self._serve(endpoint, request, context, min(timeout, self._max_duration))
        taken = perf_counter() - started
        endpoint.observe(reply.code, taken)
        if self.spans is not None and call_id:
            self.spans.answered(call_id, name, reply.code, taken)
        return reply

    async def _serve(
        self, endpoint: Endpoint, request: bytes, context: Context, timeout: float
    ) -> Reply:
        try:
            message = parse(endpoint, request)
            with Limit(self._limits, timeout) as limit:
                response: Message = await cast(Awaitable[Message], endpoint.serve(message, context))
            return Reply(OK, response.SerializeToString())
        except TimeoutError as error:
            if limit.expired:
                return reply_of(DeadlineExceeded(f"no answer within {timeout:g} s"))
            return reply_of(explain(endpoint, error))
        except LEAVING:
            raise
        except BaseException as error:
            return reply_of(explain(endpoint, error))

    async def stream(
        self, name: str, request: bytes, context: Context, *, call_id: str
    ) -> AsyncGenerator[bytes, None]:
        """Run a server-streaming method on a serialized request. Raises `TrunklineError` only."""
        CALL_ID.set(call_id)
        endpoint = self.endpoints.get(name)
        if endpoint is None or not endpoint.streams:
            raise UnknownMethod(f"{name} is not answered here")
        started = perf_counter()
        code = OK
        try:
            async with aclosing(endpoint.serve(parse(endpoint, request), context)) as responses:
                async for response in responses:
                    yield response.SerializeToString()
        except LEAVING:
            raise
        except BaseException as error:
            told = explain(endpoint, error)
            code = int(told.fault)
            raise told from None
        finally:
            endpoint.observe(code, perf_counter() - started)


def parse(endpoint: Endpoint, request: bytes) -> Message:
    """Return the request message. Raises `InvalidArgument` for bytes that are none."""
    try:
        return endpoint.parse(request)
    except DecodeError:
        raise InvalidArgument(f"{endpoint.name}: the request is not the message it takes") from None


def explain(endpoint: Endpoint, error: BaseException) -> TrunklineError:
    """Return what the caller is told of `error`. Our own mistakes go to the log, not to callers."""
    if isinstance(error, TrunklineError):
        return error
    if isinstance(error, NotImplementedError):
        return UnknownMethod(f"{endpoint.name} is not answered here")
    log.error("a call failed by our own mistake", method=endpoint.name, exc_info=error)
    return InternalError()


class _Recorder:
    """Stands for a server while generated code registers a servicer."""

    def __init__(self, record: Callable[[str, dict[str, Any]], None]) -> None:
        self._record = record

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Accept the handlers in the form that `add_registered_method_handlers` does not need."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self._record(service, handlers)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"servicers may only register with a dispatcher, not {name}")
