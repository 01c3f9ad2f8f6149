"""Plain gRPC calls: deadlines, repeats where safe, round-robin over the addresses behind a name."""

import asyncio
import random
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

import grpc

from ..faults import Fault, RemoteError
from ..logs import CALL_ID
from .batch import MAX_MESSAGE_BYTES
from .channel import MAX_ATTEMPTS
from .methods import Method, RequestT, ResponseT
from .server import CALL_ID_KEY
from .status import DETAILS_KEY, error_of
from .tls import TlsFiles

BACKOFF: Final = 0.05
"""Seconds before the first repeat, doubled for each further one and drawn from half of it up."""

CLOSE_GRACE: Final = 60.0
"""Seconds that calls on a replaced channel may still take."""


class UnaryChannel:
    """A `Channel` of one gRPC call a call.

    `target` is what gRPC takes: "dns:///auth:50053" spreads calls over every address of the name.
    With `tls` the files are read again when they change.
    """

    def __init__(self, target: str, *, tls: TlsFiles | None = None) -> None:
        self._target = target
        self._tls = tls
        self._version: tuple[int, ...] = ()
        self._channel: grpc.aio.Channel | None = None
        self._retired: set[asyncio.Task[None]] = set()
        self._random = random.Random()  # noqa: S311 - spreads repeats, no secret

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every call and close the connections."""
        for task in self._retired:
            task.cancel()
        await asyncio.gather(*self._retired, return_exceptions=True)
        if self._channel is not None:
            await self._channel.close()

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float,
        call_id: str | None = None,
    ) -> ResponseT:
        """Call a unary method; see `Channel.call`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        attempt = 1
        while True:
            try:
                left = max(deadline - loop.time(), 0.001)
                return await self._once(method, request, left, call_id)
            except RemoteError as error:
                wait = BACKOFF * 2 ** (attempt - 1) * self._random.uniform(0.5, 1.0)
                again = method.idempotent and error.fault is Fault.UNAVAILABLE
                if not again or attempt == MAX_ATTEMPTS or loop.time() + wait >= deadline:
                    raise
            attempt += 1
            await asyncio.sleep(wait)

    async def stream(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float | None = None,
        call_id: str | None = None,
    ) -> AsyncIterator[ResponseT]:
        """Call a server-streaming method; see `Channel.stream`."""
        stub = self._open().unary_stream(
            method.name,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        call = stub(request, timeout=timeout, metadata=_metadata(call_id))
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as error:
            raise remote_error(error) from None
        finally:
            call.cancel()

    async def _once(
        self, method: Method[RequestT, ResponseT], request: RequestT, left: float, id: str | None
    ) -> ResponseT:
        stub = self._open().unary_unary(
            method.name,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        try:
            return await stub(request, timeout=left, metadata=_metadata(id))
        except grpc.aio.AioRpcError as error:
            raise remote_error(error) from None

    def _open(self) -> grpc.aio.Channel:
        version = self._tls.version() if self._tls else ()
        if self._channel is None or version != self._version:
            if self._channel is not None:
                self._retire(self._channel)
            self._channel = open_channel(self._target, self._tls)
            self._version = version
        return self._channel

    def _retire(self, channel: grpc.aio.Channel) -> None:
        task = asyncio.create_task(channel.close(CLOSE_GRACE))
        self._retired.add(task)
        task.add_done_callback(self._retired.discard)


def open_channel(target: str, tls: TlsFiles | None, *, host: str | None = None) -> grpc.aio.Channel:
    """Open a channel in the manner of the house.

    `host` is the name behind a target that is an address; such a channel shares no connection.
    """
    options: list[tuple[str, Any]] = [
        ("grpc.service_config", '{"loadBalancingConfig": [{"round_robin": {}}]}'),
        ("grpc.enable_retries", 0),  # repeats are decided here, by method
        ("grpc.use_local_subchannel_pool", int(host is not None)),
        ("grpc.dns_min_time_between_resolutions_ms", 5000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", 2000),
        ("grpc.keepalive_time_ms", 10000),
        ("grpc.keepalive_timeout_ms", 3000),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    if tls is None:
        return grpc.aio.insecure_channel(target, options=options)
    if name := tls.server_name or host:
        options.append(("grpc.ssl_target_name_override", name))
    return grpc.aio.secure_channel(target, tls.client_credentials(), options=options)


def remote_error(error: grpc.aio.AioRpcError) -> RemoteError:
    """Return what a failed gRPC call tells."""
    details = b""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            details = value
    return error_of(int(error.code().value[0]), error.details() or "", details)


def _metadata(call_id: str | None) -> tuple[tuple[str, bytes], ...]:
    bound = CALL_ID.get() if call_id is None else call_id
    return ((CALL_ID_KEY, bound.encode("utf-8", "replace")),) if bound else ()
