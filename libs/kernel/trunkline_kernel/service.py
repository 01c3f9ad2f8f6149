"""The life of a service process: settings in, ports open, signals heard, work drained, out.

A service gives `run_service` its settings model and a `build` context manager that wires its
objects. What `build` does before its `yield` happens before anybody can call, what it does after
happens when the last call has ended.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeVar

import grpc
import structlog
import uvloop

from .collector import collect_when_quiet, spare_the_collector
from .database import MigrationsDone
from .http import HttpServer, service_pages
from .logs import configure_logs
from .metrics import Metrics, watch_event_loop_lag
from .rights import UNGUARDED, AskedRights, Rights, Rule, guarded, guarded_stream
from .rpc import ClientMetrics, PortTaken, RpcServer, TlsFiles, UnaryChannel, tls_files
from .rpc.dispatch import ServicerT
from .settings import ServiceSettings, SettingsError, read_settings
from .tracing import Spans, TracingMissing, open_spans

log = structlog.stdlib.get_logger(__name__)

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

Background = Callable[[], Coroutine[Any, Any, None]]
Need = Callable[[], Coroutine[Any, Any, object]]
Build = Callable[["Service", SettingsT], AbstractAsyncContextManager[None]]

STOP_GRACE: Final = 2.0
"""Seconds that RPCs in flight have to end once the work itself is drained."""

EXIT_FAILED: Final = 1
EXIT_SETTINGS: Final = 2


class Service:
    """One running service, as its `build` sees it."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics | None = None) -> None:
        self.settings = settings
        self.metrics = metrics or Metrics(settings.service)
        self.client_metrics = ClientMetrics(self.metrics)
        self.tls: TlsFiles | None = tls_files(settings)
        self.server = RpcServer.from_settings(settings, self.metrics)
        self._http = HttpServer(service_pages(self.metrics, lambda: self.server.ready))
        self._auth = UnaryChannel(settings.operators, tls=self.tls) if settings.operators else None
        self.rights: Rights = AskedRights(self._auth) if self._auth else UNGUARDED
        self.spans = _spans(settings)
        self.server.dispatcher.spans = self.spans
        self._background: list[Background] = []
        self._needs: list[Need] = []
        self._drains: list[Callable[[], Awaitable[None]]] = []
        self._draining = asyncio.Event()
        self._hurry = asyncio.Event()

    def add(
        self, register: Callable[[ServicerT, grpc.aio.Server], None], servicer: ServicerT
    ) -> None:
        """Answer a service: `service.add(add_AuthServiceServicer_to_server, servicer)`."""
        self.server.add(register, servicer)

    def guard(self, rules: Mapping[str, Rule]) -> None:
        """Let operators with the right alone call methods that were added, by their full names."""
        for name, rule in rules.items():
            dispatcher = self.server.dispatcher
            guard = guarded_stream if dispatcher.endpoints[name].streams else guarded
            dispatcher.wrap(name, guard(self.rights, rule))

    def background(self, work: Background) -> None:
        """Run `work()` beside the service until its end. If it fails, the service ends."""
        self._background.append(work)

    def ready_after(self, need: Need) -> None:
        """Be ready no sooner than `need()` returns, or the setting `ready_patience` is over.

        Methods are answered before. Needs must not go in a circle: one that is not ready is found
        by nobody where replicas are found by name.
        """
        self._needs.append(need)

    def on_drain(self, drain: Callable[[], Awaitable[None]]) -> None:
        """Call `drain()` when draining begins; it returns when the work in progress is done."""
        self._drains.append(drain)

    @property
    def draining(self) -> bool:
        """Whether new work is to be refused."""
        return self._draining.is_set()

    def drain(self) -> None:
        """Begin to drain, as SIGTERM does. Safe to repeat."""
        self._draining.set()

    def signal(self) -> None:
        """Drain on the first signal; wait for nothing more on the second."""
        if self.draining:
            self._hurry.set()
        self.drain()

    async def run(self) -> None:
        """Serve until drained. Raises `PortTaken`, or what a background task raised."""
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work()) for work in self._background]
            running.append(tasks.create_task(watch_event_loop_lag(self.metrics)))
            running.append(tasks.create_task(collect_when_quiet()))
            try:
                await self._open()
                await self._draining.wait()
                await self._drain()
            finally:
                await self.server.stop(STOP_GRACE)
                await self._http.stop()
                if self._auth is not None:
                    await self._auth.close()
                if self.spans is not None:
                    await asyncio.to_thread(self.spans.close)
                for task in running:
                    task.cancel()

    async def _open(self) -> None:
        settings = self.settings
        await self.server.start(settings.grpc_host, settings.grpc_port, settings.frames_port)
        try:
            await self._http.start(settings.grpc_host, settings.metrics_port)
        except OSError as error:
            raise PortTaken(
                f"HTTP cannot listen on {settings.grpc_host}:{settings.metrics_port}: {error}"
            ) from error
        await self._satisfy_needs()
        await self.server.set_ready(True)
        log.info("ready", grpc_port=self.server.port, http_port=self._http.port)

    async def _satisfy_needs(self) -> None:
        patience = self.settings.ready_patience.total_seconds()
        needs = asyncio.gather(*(need() for need in self._needs))
        leaving = asyncio.ensure_future(self._draining.wait())
        try:
            await asyncio.wait(
                (needs, leaving), timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if needs.done():
                needs.result()
            elif not self.draining:
                log.warning("ready without what it needs from others", waited_seconds=patience)
        finally:
            needs.cancel()
            leaving.cancel()

    async def _drain(self) -> None:
        grace = self.settings.drain_grace.total_seconds()
        log.info("draining", grace_seconds=grace)
        if not self.settings.ready_while_draining:
            await self.server.set_ready(False)
        work = asyncio.gather(*(drain() for drain in self._drains))
        hurry = asyncio.ensure_future(self._hurry.wait())
        done, _ = await asyncio.wait(
            (work, hurry), timeout=grace, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        if work in done:
            work.result()
            log.info("drained")
            return
        work.cancel()
        await asyncio.wait((work,))
        log.warning("work in progress is cut off", reason="signal" if hurry in done else "grace")


def run_service(model: type[SettingsT], build: Build[SettingsT]) -> None:
    """Run a service as this process: what `main` of every service calls. Exits the process.

    Exit status 0 after a drain, or after migrations that were all it was started for; 1 when it
    could not go on, 2 when the environment is wrong.
    """
    try:
        settings = read_settings(model)
    except SettingsError as error:
        sys.exit(_complain(model, str(error), EXIT_SETTINGS))
    configure_logs(settings.service, level=settings.log_level, format=settings.log_format)
    status = 0
    try:
        uvloop.run(_live(settings, build))
    except* MigrationsDone:
        log.info("the tables are up to date")
    except* (TracingMissing, SettingsError) as unmet:
        status = _complain(model, str(unmet.exceptions[0]), EXIT_SETTINGS)
    except* PortTaken as taken:
        status = _complain(model, str(taken.exceptions[0]), EXIT_FAILED)
    except* Exception as failure:
        log.critical("the service cannot go on", exc_info=failure)
        status = EXIT_FAILED
    sys.exit(status)


async def _live(settings: SettingsT, build: Build[SettingsT]) -> None:
    service = Service(settings)
    service.metrics.describe_process()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.signal)
    async with build(service, settings):
        spare_the_collector()
        await service.run()


def _spans(settings: ServiceSettings) -> Spans | None:
    if not settings.otlp_endpoint:
        return None
    return open_spans(settings.service, settings.otlp_endpoint, settings.otlp_ratio)


def _complain(model: type[ServiceSettings], message: str, status: int) -> int:
    sys.stderr.write(f"trunkline {model.service}: {message}\n")
    return status
