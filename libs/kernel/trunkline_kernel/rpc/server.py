"""The gRPC server of a service: servicers, frames, health, reflection, draining."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from trunkline.common.v1.multiplex_pb2_grpc import add_MultiplexServiceServicer_to_server

from ..faults import TrunklineError
from ..metrics import Metrics
from ..settings import ServiceSettings
from .batch import MAX_MESSAGE_BYTES
from .dispatch import Dispatcher, ServicerT
from .multiplex_server import MAX_RUNNING, FrameServer
from .status import DETAILS_KEY, OK, Reply, reply_of
from .tls import TlsFiles, tls_files

CALL_ID_KEY: Final = "trunkline-call-id-bin"
"""Metadata that carries the call's id with a unary call. Binary: SIP allows any UTF-8."""

LIVENESS: Final = "liveness"
READINESS: Final = "readiness"

RawContext = grpc.aio.ServicerContext[bytes, bytes]

CODES: Final = {int(code.value[0]): code for code in grpc.StatusCode}


class PortTaken(Exception):
    """Another process listens where this one should."""


class RpcServer:
    """One service's gRPC server."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        max_call_duration: float = 60.0,
        max_connection_age: float = 300.0,
        reflection: bool = True,
        tls: TlsFiles | None = None,
        max_running: int = MAX_RUNNING,
    ) -> None:
        """Durations are in seconds. `max_running` bounds the calls of one caller's frames that run
        at the same time."""
        self.dispatcher = Dispatcher(metrics, max_duration=max_call_duration)
        self._max_duration = max_call_duration
        self._reflection = reflection
        self._tls = tls
        self._health = health.aio.HealthServicer()
        self._frames = FrameServer(
            self.dispatcher, max_age=max_connection_age, max_running=max_running
        )
        self._server = grpc.aio.server(options=_options(max_connection_age))
        self.ready = False
        self.port = 0

    @classmethod
    def from_settings(cls, settings: ServiceSettings, metrics: Metrics) -> "RpcServer":
        """Return a server as `settings` say."""
        return cls(
            metrics,
            max_call_duration=settings.max_call_duration.total_seconds(),
            max_connection_age=settings.max_connection_age.total_seconds(),
            reflection=settings.reflection,
            tls=tls_files(settings),
        )

    def add(
        self, register: Callable[[ServicerT, grpc.aio.Server], None], servicer: ServicerT
    ) -> None:
        """Answer a service: `server.add(add_AuthServiceServicer_to_server, servicer)`.

        Its unary methods are reachable by unary calls and by frames.
        """
        self.dispatcher.add(register, servicer)

    async def start(self, host: str, port: int, frames_port: int = 0) -> int:
        """Listen and answer, not ready yet. Return the port of gRPC. Raises `PortTaken`."""
        for service in self.dispatcher.service_names:
            self._server.add_generic_rpc_handlers((self._handlers(service),))
        add_MultiplexServiceServicer_to_server(self._frames, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if self._reflection:
            names = [*self.dispatcher.service_names, health.SERVICE_NAME, reflection.SERVICE_NAME]
            reflection.enable_server_reflection(names, self._server)
        self.port = self._bind(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self._bind_frames(host, frames_port)
        await self._server.start()
        await self._frames.start(self._tls.server_context() if self._tls else None)
        await self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await self.set_ready(False)
        return self.port

    async def set_ready(self, ready: bool) -> None:
        """Tell health checkers whether to send new work here."""
        self.ready = ready
        serving = health_pb2.HealthCheckResponse.SERVING
        state = serving if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for name in ("", READINESS, *self.dispatcher.service_names):
            await self._health.set(name, state)

    async def stop(self, grace: float) -> None:
        """Refuse new calls, send callers elsewhere, and end when idle or after `grace` seconds."""
        await asyncio.gather(self._frames.stop(grace), self._server.stop(grace))

    def _bind_frames(self, host: str, port: int) -> None:
        try:
            self._frames.bind(host, port)
        except OSError as error:
            raise PortTaken(f"frames cannot be taken on {host}:{port}: {error}") from error

    def _bind(self, address: str) -> int:
        try:
            if self._tls is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, self._tls.server_credentials())
        except RuntimeError as error:
            raise PortTaken(f"gRPC cannot listen on {address}: the port is taken") from error

    def _handlers(self, service: str) -> grpc.GenericRpcHandler:
        prefix = f"/{service}/"
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            name.removeprefix(prefix): (
                grpc.unary_stream_rpc_method_handler(self._stream(name))
                if endpoint.streams
                else grpc.unary_unary_rpc_method_handler(self._unary(name))
            )
            for name, endpoint in self.dispatcher.endpoints.items()
            if name.startswith(prefix)
        }
        return grpc.method_handlers_generic_handler(service, methods)

    def _unary(self, name: str) -> Callable[[bytes, RawContext], Any]:
        async def answer(request: bytes, context: RawContext) -> bytes:
            reply = await self.dispatcher.answer(
                name,
                request,
                context,
                timeout=min(context.time_remaining() or self._max_duration, self._max_duration),
                call_id=_call_id(context),
            )
            return reply.response if reply.code == OK else await _abort(context, reply)

        return answer

    def _stream(self, name: str) -> Callable[[bytes, RawContext], AsyncIterator[bytes]]:
        async def answer(request: bytes, context: RawContext) -> AsyncIterator[bytes]:
            try:
                answers = self.dispatcher.stream(name, request, context, call_id=_call_id(context))
                async with aclosing(answers) as responses:
                    async for response in responses:
                        yield response
            except TrunklineError as error:
                await _abort(context, reply_of(error))

        return answer


def _call_id(context: RawContext) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == CALL_ID_KEY and isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return ""


async def _abort(context: RawContext, reply: Reply) -> bytes:
    await context.abort(CODES[reply.code], reply.message, ((DETAILS_KEY, reply.details),))
    raise AssertionError("abort raises")


def _options(max_connection_age: float) -> list[tuple[str, Any]]:
    return [
        ("grpc.so_reuseport", 0),  # a second process on the port must fail, not share it
        ("grpc.max_connection_age_ms", int(max_connection_age * 1000)),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.http2.min_ping_interval_without_data_ms", 5000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
