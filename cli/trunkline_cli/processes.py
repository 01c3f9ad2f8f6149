"""The services of one machine as processes: started, watched until ready, drained and stopped.

A service is started in a session of its own, so that Ctrl-C reaches it only through us, and it
leaves by itself when we die: its standard input closes.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import grpc.aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from .errors import Refused
from .services import PORTS, Service, port_setting

STOP_ORDER: Final = (
    (Service.SIGNALING,),
    (Service.MEDIA,),
    (Service.AUTH, Service.ROUTING, Service.BILLING),
)
"""Calls in progress need the other services until signaling has let go of the last one."""

POLL_INTERVAL: Final = 0.1
IMPATIENT: Final = tuple(
    (f"grpc.{which}_reconnect_backoff_ms", 100) for which in ("initial", "min", "max")
)
"""Nobody listens yet: gRPC would soon wait for seconds between two tries."""

LINE_LIMIT: Final = 1 << 20

OnLine = Callable[[Service, str], None]
"""Takes every line that a service writes."""


def grpc_address(service: Service, environment: Mapping[str, str]) -> str:
    """Return where a service started with `environment` listens. Raises `BadUsage` for no port."""
    prefix = f"TRUNKLINE_{service.upper()}_GRPC"
    host = environment.get(f"{prefix}_HOST", "127.0.0.1")
    return f"{host}:{port_setting(environment, f'{prefix}_PORT', PORTS[service])}"


class ServiceProcess:
    """One running service."""

    def __init__(
        self,
        service: Service,
        process: asyncio.subprocess.Process,
        environment: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        self.service = service
        self.address = grpc_address(service, environment)
        self._process = process
        self._reader = asyncio.create_task(self._read(on_line))

    @classmethod
    async def start(
        cls,
        service: Service,
        environment: Mapping[str, str],
        on_line: OnLine,
        directory: Path | None = None,
    ) -> "ServiceProcess":
        """Start a service in a directory, ours by default. `environment` is added to our own."""
        whole = {**os.environ, **environment}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "trunkline_cli.run", service),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=whole,
            cwd=directory,
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        return cls(service, process, whole, on_line)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal. None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for its end and its last line; return the exit status."""
        status = await self._process.wait()
        await self._reader
        return status

    async def wait_ready(self, timeout: float) -> None:
        """Wait until it takes work. Raises `Refused` when it ends before, or is too slow."""
        deadline = time.monotonic() + timeout
        async with grpc.aio.insecure_channel(self.address, options=IMPATIENT) as channel:
            while not await _is_serving(channel):
                if self.status is not None:
                    raise Refused(f"{self.service} ended with status {self.status} at its start")
                if time.monotonic() > deadline:
                    raise Refused(f"{self.service} is not ready after {timeout:.0f} s")
                await asyncio.sleep(POLL_INTERVAL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, grace: float | None) -> None:
        """Let it drain for `grace` seconds, then kill it. Fine when it has ended.

        Without a grace it takes the time its own settings allow. Told twice, it waits for no call.
        """
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await self.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.wait()

    async def _read(self, on_line: OnLine) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            on_line(self.service, line.decode("utf-8", "replace").rstrip())


async def _is_serving(channel: grpc.aio.Channel) -> bool:
    try:
        answer = await HealthStub(channel).Check(HealthCheckRequest(), timeout=1.0)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == HealthCheckResponse.SERVING)


async def stop_all(processes: Iterable[ServiceProcess], grace: float | None) -> None:
    """Stop services in the order in which they can be missed; `grace` is that of each."""
    running = list(processes)
    for group in STOP_ORDER:
        await asyncio.gather(*(one.stop(grace) for one in running if one.service in group))
