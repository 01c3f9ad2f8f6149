"""A service process: it starts, says when it is ready, drains on a signal, and explains itself."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.request import urlopen

import pytest
from support.waiting import until
from trunkline_kernel.faults import TrunklineError
from trunkline_kernel.service import Service
from trunkline_kernel.settings import ServiceSettings

pytestmark = pytest.mark.processes

PROGRAM = """
from contextlib import asynccontextmanager
from typing import ClassVar
from trunkline_kernel.service import run_service
from trunkline_kernel.settings import ServiceSettings

class EchoSettings(ServiceSettings, env_prefix="TRUNKLINE_ECHO_"):
    service: ClassVar[str] = "echo"
    grpc_port: int = 0

@asynccontextmanager
async def build(service, settings):
    yield
    print("left", flush=True)

run_service(EchoSettings, build)
"""


class EchoSettings(ServiceSettings, env_prefix="TRUNKLINE_ECHO_"):
    service = "echo"
    grpc_port: int = 0
    http_port: int | None = 0


async def start(environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )


async def test_sigterm_ends_an_idle_service_with_status_zero() -> None:
    process = await start({"TRUNKLINE_ECHO_LOG_FORMAT": "json"})
    assert process.stderr is not None
    line = await process.stderr.readline()
    assert b'"ready"' in line

    process.send_signal(signal.SIGTERM)
    output, _ = await process.communicate()

    assert (process.returncode, output) == (0, b"left\n")


async def test_a_wrong_setting_is_named_and_ends_with_status_two() -> None:
    process = await start({"TRUNKLINE_ECHO_GRPC_PORT": "many"})

    _, errors = await process.communicate()

    assert process.returncode == 2
    assert errors.startswith(b"trunkline echo: TRUNKLINE_ECHO_GRPC_PORT: Input should be a valid")


async def test_a_taken_port_is_named_and_ends_with_status_one() -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]

    process = await start({"TRUNKLINE_ECHO_GRPC_PORT": str(port)})
    _, errors = await process.communicate()
    listener.close()

    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: the port is taken".encode() in errors


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(service.run())
    await until(lambda: service.server.ready)
    yield task
    service.signal()
    service.signal()
    await asyncio.wait((task,))


async def test_a_service_is_ready_when_it_has_what_it_needs() -> None:
    service, need = Service(EchoSettings()), asyncio.Event()
    service.ready_after(need.wait)
    task = asyncio.create_task(service.run())
    await until(lambda: service.server.port > 0)
    before = service.server.ready
    need.set()
    await until(lambda: service.server.ready)
    service.drain()
    await task

    assert not before


async def test_a_need_that_nobody_meets_is_not_waited_for_for_ever() -> None:
    service = Service(EchoSettings(ready_patience=timedelta(milliseconds=10)))
    service.ready_after(asyncio.Event().wait)

    async with running(service):
        assert service.server.ready


async def test_a_service_that_is_told_to_leave_waits_for_no_need() -> None:
    service = Service(EchoSettings())
    service.ready_after(asyncio.Event().wait)
    task = asyncio.create_task(service.run())
    service.drain()

    async with asyncio.timeout(5):
        await task


async def test_draining_waits_for_the_work_in_progress() -> None:
    service, work = Service(EchoSettings()), asyncio.Event()

    async def drain() -> None:
        await work.wait()

    service.on_drain(drain)
    async with running(service) as task:
        service.drain()
        await until(lambda: not service.server.ready)
        assert not task.done()
        work.set()
        await task


async def test_work_that_outlasts_the_grace_is_cut_off() -> None:
    service = Service(EchoSettings(drain_grace=0))
    service.on_drain(asyncio.Event().wait)  # type: ignore[arg-type]

    async with running(service) as task:
        service.drain()
        await task


async def test_a_background_task_that_fails_ends_the_service() -> None:
    service = Service(EchoSettings())

    async def fail() -> None:
        raise TrunklineError("broken")

    service.background(fail)

    async with asyncio.timeout(5):
        try:
            await service.run()
        except* TrunklineError as error:
            assert str(error.exceptions[0]) == "broken"
        else:
            raise AssertionError("it went on")


async def test_readiness_and_metrics_are_served_over_http() -> None:
    service = Service(EchoSettings())

    async with running(service):
        port = service._http.port
        base = f"http://127.0.0.1:{port}"
        ready = await asyncio.to_thread(lambda: urlopen(f"{base}/readyz").read())  # noqa: S310
        metrics = await asyncio.to_thread(lambda: urlopen(f"{base}/metrics").read())  # noqa: S310

    assert ready == b"ready\n"
    assert b"trunkline_echo_event_loop_lag_seconds" in metrics
