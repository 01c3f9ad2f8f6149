"""Many calls on few connections: one to every replica (docs/adr/0001-hot-calls.md)."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from types import TracebackType
from typing import Self

import structlog
from trunkline.common.v1.multiplex_pb2 import ReplyFrame

from ..faults import TrunklineError
from ..logs import CALL_ID
from .call_metrics import OK as OK_NAME
from .call_metrics import ClientMetrics
from .channel import MAX_ATTEMPTS, Unavailable
from .dial import dial
from .dispatch import DeadlineExceeded
from .exchange import MAX_IN_FLIGHT, BrokenConnection, Exchange
from .methods import Method, RequestT, ResponseT
from .replica import Replica
from .resolver import RESOLVE_INTERVAL, Address, resolve
from .status import OK, error_of
from .tls import TlsFiles
from .unary import UnaryChannel

log = structlog.stdlib.get_logger(__name__)


class MultiplexedChannel:
    """A `Channel` for hot calls. Use it as an async context manager.

    `target` is "host:port", "dns:///host:port" or several of them with commas between; every
    address behind a name is a replica with a connection of its own, and calls take turns. A call
    whose connection breaks goes to another replica if it was not sent or its method is idempotent.
    Server-streaming methods travel as gRPC has them.
    """

    _loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        target: str,
        *,
        metrics: ClientMetrics | None = None,
        tls: TlsFiles | None = None,
        max_in_flight: int = MAX_IN_FLIGHT,
        resolve_interval: float = RESOLVE_INTERVAL,
    ) -> None:
        self._target = target
        self._metrics = metrics
        self._tls = tls
        self._max_in_flight = max_in_flight
        self._resolve_interval = resolve_interval
        self._replicas: dict[Address, Replica] = {}
        self._order: list[Replica] = []
        self._turn = 0
        self._unary = UnaryChannel(target.split(",")[0].strip(), tls=tls)
        self._tasks = asyncio.TaskGroup()
        self._resolving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._tasks.__aenter__()
        await self._find_replicas()
        self._resolving = self._tasks.create_task(self._resolve())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._resolving is not None:
            self._resolving.cancel()
        for replica in self._order:
            replica.leave()
        await self._unary.close()
        if kind is not None and issubclass(kind, asyncio.CancelledError):
            await self._tasks.__aexit__(kind, error, trace)
        else:  # an error of the block goes on as it is, not wrapped in a group
            await self._tasks.__aexit__(None, None, None)

    @property
    def connected(self) -> int:
        """How many replicas a connection stands to."""
        return sum(replica.connected for replica in self._order)

    async def call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float,
        call_id: str | None = None,
    ) -> ResponseT:
        """Call a unary method; see `Channel.call`."""
        started = perf_counter()
        code = OK_NAME
        try:
            reply = await self._ask(method, request, timeout, call_id)
            if reply.code != OK:
                raise error_of(reply.code, reply.message, reply.status_details)
            return method.response.FromString(reply.response)
        except TrunklineError as error:
            code = error.fault.name
            raise
        finally:
            if self._metrics is not None:
                self._metrics.of(method.name).observe(code, perf_counter() - started)

    def stream(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        *,
        timeout: float | None = None,
        call_id: str | None = None,
    ) -> AsyncIterator[ResponseT]:
        """Call a server-streaming method; see `Channel.stream`."""
        return self._unary.stream(method, request, timeout=timeout, call_id=call_id)

    async def _ask(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float,
        call_id: str | None,
    ) -> ReplyFrame:
        deadline = self._loop.time() + timeout
        payload = request.SerializeToString()
        bound = CALL_ID.get() if call_id is None else call_id
        attempt = 1
        while True:
            if self._loop.time() >= deadline:
                raise DeadlineExceeded(f"{method.name}: no answer within {timeout:g} s")
            try:
                return await self._pick().ask(method.name, payload, deadline, bound)
            except BrokenConnection as broken:
                if attempt == MAX_ATTEMPTS or (broken.sent and not method.idempotent):
                    raise
            attempt += 1

    def _pick(self) -> Exchange:
        order = self._order
        candidate: Exchange | None = None
        for step in range(len(order)):
            exchange = order[(self._turn + step) % len(order)].exchange
            if not exchange.open:
                continue
            if exchange.connected:
                self._turn = (self._turn + step + 1) % len(order)
                return exchange
            candidate = candidate or exchange
        if candidate is None:
            raise Unavailable(f"no replica of {self._target} can be reached")
        return candidate

    async def _resolve(self) -> None:
        while True:
            await asyncio.sleep(self._resolve_interval)
            await self._find_replicas()

    async def _find_replicas(self) -> None:
        try:
            found = await resolve(self._target)
        except OSError as error:
            log.warning("name cannot be resolved", target=self._target, error=str(error))
            return
        for address in self._replicas.keys() - set(found):
            self._replicas.pop(address).leave()
        for address in found:
            if address not in self._replicas:
                self._replicas[address] = Replica(
                    address, self._connect, self._tasks, self._max_in_flight
                )
        self._order = list(self._replicas.values())

    async def _connect(self, address: Address, protocol: asyncio.Protocol) -> None:
        await dial(address, protocol, self._tls)
