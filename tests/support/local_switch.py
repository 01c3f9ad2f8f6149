"""The whole switch as five processes on free ports in a directory of its own.

Used by integration and interop tests, by benches and by the demo. Processes are started and ended
by their ids; a switch that is left, however it is left, is gone.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trunkline_cli.errors import Refused
from trunkline_cli.processes import ServiceProcess, stop_all
from trunkline_cli.replicas import PORT_STEP
from trunkline_cli.services import Service
from trunkline_cli.switch import Switch

from .ports import free_port, free_ports, is_free

READY_TIMEOUT = 30.0
STOP_GRACE = 10.0
KEPT_LINES = 2000
SIP_PORT = 5060

Address = tuple[str, int]


@dataclass(frozen=True)
class Command:
    """How one `trunkline` command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote, parsed."""
        return json.loads(self.out)


@dataclass
class LocalSwitch:
    """Use it as `async with LocalSwitch(directory) as switch`."""

    directory: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """More environment variables for the services."""
    host: str = "127.0.0.1"
    """Address under which endpoints reach it."""
    ports: dict[Service, int] = field(default_factory=lambda: some_ports())
    """Ports of gRPC."""
    sip_port: int = field(default_factory=free_port)
    processes: dict[Service, ServiceProcess] = field(default_factory=dict)
    log: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    """Last lines of all services, each with its name before it."""

    def __post_init__(self) -> None:
        self.http_ports = some_ports()
        self.sip: Address = (self.host, self.sip_port)
        self.sip_tls: Address = (self.host, free_port())
        """Where it takes SIP over TLS, when `settings` name a certificate."""
        self.services = Switch({name: (address,) for name, address in self.addresses.items()})
        """Stubs of the services. They block: ask them by `ask`."""

    @property
    def addresses(self) -> dict[Service, str]:
        """Where each service listens."""
        return {service: f"127.0.0.1:{port}" for service, port in self.ports.items()}

    async def __aenter__(self) -> LocalSwitch:
        try:
            for service in Service:
                await self.start(service)
            await asyncio.gather(*map(self.wait_ready, Service))
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def make_room(self, media: int) -> None:
        """Move media to ports that leave room for so many instances."""
        steps = [number * PORT_STEP for number in range(1, media)]
        self.ports[Service.MEDIA] = free_port(*steps)
        self.http_ports[Service.MEDIA] = free_port(*steps)

    async def start(self, service: Service) -> None:
        """Start one service; again, when it was killed."""
        self.processes[service] = await ServiceProcess.start(
            service, self.environment(service), self._on_line, self.directory
        )

    async def wait_ready(self, service: Service) -> None:
        """Wait until a service takes work. Raises `Refused` with its last lines."""
        try:
            await self.processes[service].wait_ready(READY_TIMEOUT)
        except Refused as error:
            raise Refused(error.message, self.lines_of(service)[-20:]) from None

    async def restart(self, service: Service) -> None:
        """Start a killed service again and wait until it is ready."""
        await self.start(service)
        await self.wait_ready(service)

    async def kill(self, service: Service) -> None:
        """End a service as a power cut does."""
        self.processes[service].send(signal.SIGKILL)
        await self.processes[service].wait()

    async def stop(self) -> None:
        """Drain and stop every service."""
        await stop_all(self.processes.values(), STOP_GRACE)

    async def ask(self, method: Any, request: Any) -> Any:
        """Call a stub's method without holding the event loop up."""
        return await asyncio.to_thread(method, request)

    async def command(self, *arguments: str) -> Command:
        """Run `trunkline` against this switch."""
        status, out, err = await self._command(arguments)
        return Command(status, out.decode(), err.decode())

    async def command_bytes(self, *arguments: str) -> bytes:
        """Run `trunkline` and return what it wrote, which is no text."""
        _, out, _ = await self._command(arguments)
        return out

    async def _command(self, arguments: Sequence[str]) -> tuple[int, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "trunkline_cli", *self._address_options(), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out, err

    async def apply(self, *files: Path) -> None:
        """Apply documents. Raises `Refused` with what was wrong."""
        ended = await self.command("apply", *map(str, files))
        if ended.status:
            raise Refused(f"apply ended with {ended.status}", ended.err.splitlines())

    def lines_of(self, service: Service) -> list[str]:
        """Return the last lines that a service logged."""
        return [line for line in self.log if line.startswith(f"{service} ")]

    def environment(self, service: Service) -> dict[str, str]:
        """Return the settings of one service."""
        prefix = f"TRUNKLINE_{service.upper()}_"
        values = {
            "GRPC_PORT": str(self.ports[service]),
            "HTTP_PORT": str(self.http_ports[service]),
            "DRAIN_GRACE": "5",
        }
        values |= {other.upper(): address for other, address in self.addresses.items()}
        if service is not Service.AUTH:
            values["OPERATORS"] = self.addresses[Service.AUTH]
        if service is Service.SIGNALING:
            values["SIP_PORTS"] = f"[{self.sip[1]}]"
            values["SIP_TLS_PORT"] = str(self.sip_tls[1])
        return {prefix + name: value for name, value in values.items()} | dict(self.settings)

    def _address_options(self) -> Iterable[str]:
        for service, address in self.addresses.items():
            yield from (f"--{service}", address)

    def _on_line(self, service: Service, line: str) -> None:
        self.log.append(f"{service} {line}")


def usual_sip_port() -> int:
    """Return 5060, or a free port if it is taken: for people, who expect it."""
    return SIP_PORT if is_free(SIP_PORT) else free_port()


def some_ports() -> dict[Service, int]:
    """Return a free port for each service."""
    return dict(zip(Service, free_ports(len(Service)), strict=True))
