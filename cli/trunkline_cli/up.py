"""`trunkline up`: the whole switch on this machine, a process a service."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Collection, Iterable, Mapping
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from .errors import Refused
from .output import console
from .processes import ServiceProcess, grpc_address, stop_all
from .replicas import Plan, parse_replicas, plan
from .services import Service

READY_TIMEOUT: Final = 60.0
HURRY_GRACE: Final = 15.0
"""Seconds a service that was told twice may take to end its calls."""

COLOURS: Final = {
    Service.SIGNALING: "cyan",
    Service.MEDIA: "magenta",
    Service.AUTH: "yellow",
    Service.ROUTING: "blue",
    Service.BILLING: "green",
}
NAME_WIDTH: Final = max(map(len, Service))


def up(
    logs: Annotated[bool, typer.Option(help="Show what the services log.")] = True,
    replicas: Annotated[
        str, typer.Option(metavar="media=N", help="Run several media instances.")
    ] = "media=1",
) -> None:
    """Run the whole switch here until Ctrl-C, which drains it; a second one ends its calls.

    Each service reads its settings from the environment; data goes to ./var.
    """
    with asyncio.Runner() as runner:
        processes = plan(parse_replicas(replicas), os.environ)
        runner.run(LocalSwitch(console(), logs, processes).run())


class LocalSwitch:
    """The five services as children of this process."""

    def __init__(self, out: Console, logs: bool, processes: Plan) -> None:
        self._out = out
        self._plan = processes
        self._logs = logs
        self._processes: list[ServiceProcess] = []
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start, wait for a signal or for a service that ends, stop.

        Raises `Refused` when a service could not start or ended by itself.
        """
        check_ports(self._plan)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal)
        try:
            await self._start()
            if not self._stop.is_set():
                self._out.print(Text("The switch is up. Ctrl-C drains and stops it.", "bold green"))
                await self._watch()
        finally:
            await self._leave()

    async def _start(self) -> None:
        environment = _asking_auth(os.environ)
        if sys.stdout.isatty():
            environment |= _console_logs()
        for service, settings in self._plan:
            process = await ServiceProcess.start(service, environment | settings, self._on_line)
            self._processes.append(process)
        started = time.monotonic()
        waiting = {process.address: process.service for process in self._processes}
        with self._out.status("") as spinner:
            spinner.update(_starting(waiting.values()))

            async def wait(process: ServiceProcess) -> None:
                await process.wait_ready(READY_TIMEOUT)
                del waiting[process.address]
                spinner.update(_starting(waiting.values()))
                seconds = time.monotonic() - started
                self._say(process.service, f"ready at {process.address} after {seconds:.1f} s")

            await self._unless_stopped(asyncio.gather(*map(wait, self._processes)))

    async def _watch(self) -> None:
        running = list(self._processes)
        while not self._stop.is_set():
            ends = [asyncio.create_task(process.wait()) for process in running]
            await self._unless_stopped(asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED))
            for task in ends:
                task.cancel()
            ended = [process for process in running if process.status is not None]
            running = [process for process in running if process.status is None]
            if not self._stop.is_set():
                self._judge(ended, {process.service for process in running})

    def _judge(self, ended: Iterable[ServiceProcess], left: set[Service]) -> None:
        """Raise `Refused` unless all that ended had drained and their services have others."""
        missed = [one for one in ended if one.status or one.service not in left]
        if missed:
            names = ", ".join(f"{one.service} (status {one.status})" for one in missed)
            raise Refused(f"ended by itself: {names}", ["the other services were stopped"])
        for one in ended:
            self._say(one.service, f"{one.address} has drained and ended")

    async def _unless_stopped(self, work: Awaitable[object]) -> None:
        task = asyncio.ensure_future(work)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
        task.cancel()

    async def _leave(self) -> None:
        running = [process for process in self._processes if process.status is None]
        if running:
            self._out.print(Text("Draining; Ctrl-C ends the calls in progress.", "yellow"))
        self._stop.clear()
        leaving = asyncio.create_task(stop_all(running, grace=None))
        hurry = asyncio.create_task(self._stop.wait())
        await asyncio.wait([leaving, hurry], return_when=asyncio.FIRST_COMPLETED)
        if not leaving.done():
            self._out.print(Text("Ending calls.", "yellow"))
            await stop_all(running, HURRY_GRACE)
        await leaving
        hurry.cancel()

    def _on_signal(self) -> None:
        self._stop.set()

    def _on_line(self, service: Service, line: str) -> None:
        if self._logs:
            self._say(service, line)

    def _say(self, service: Service, line: str) -> None:
        prefix = Text(f"{service:<{NAME_WIDTH}} │ ", COLOURS[service])
        self._out.print(prefix + Text.from_ansi(line), soft_wrap=True)


def check_ports(processes: Plan) -> None:
    """Raise `Refused` when something listens already where a service is to."""
    for service, settings in processes:
        host, _, port = grpc_address(service, {**os.environ, **settings}).rpartition(":")
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if port != "0" and probe.connect_ex((_reachable(host), int(port))) == 0:
                raise Refused(
                    f"{service}: something listens on {host}:{port} already",
                    ["`trunkline status` tells whether it is a switch that runs already"],
                )


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared, not bound


def _starting(waiting: Collection[Service]) -> str:
    return f"starting {', '.join(service for service in Service if service in waiting)}"


def _asking_auth(environment: Mapping[str, str]) -> dict[str, str]:
    """Return settings by which the services ask auth who may write."""
    host, _, port = grpc_address(Service.AUTH, environment).rpartition(":")
    names = [f"TRUNKLINE_{service.upper()}_OPERATORS" for service in Service]
    names.remove("TRUNKLINE_AUTH_OPERATORS")
    return {name: f"{_reachable(host)}:{port}" for name in names if name not in environment}


def _console_logs() -> dict[str, str]:
    names = [f"TRUNKLINE_{service.upper()}_LOG_FORMAT" for service in Service]
    return {name: "console" for name in names if name not in os.environ}
