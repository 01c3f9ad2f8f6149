"""`trunkline up`: five processes as one, up and down together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from support.local_switch import LocalSwitch
from support.programs import Program, program
from support.waiting import until
from trunkline_cli.services import Service

UP = "The switch is up."
STARTED = 60.0
STOPPED = 30.0

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture
def settings(tmp_path: Path) -> Mapping[str, str]:
    """Settings of a switch on free ports."""
    planned = LocalSwitch(tmp_path)
    return {
        name: value for service in Service for name, value in planned.environment(service).items()
    }


@asynccontextmanager
async def running(directory: Path, settings: Mapping[str, str]) -> AsyncIterator[Program]:
    """Run `trunkline up` until it says that it is up."""
    command = (sys.executable, "-m", "trunkline_cli", "up")
    async with program(*command, directory=directory, settings=settings) as switch:
        async with asyncio.timeout(STARTED):
            await until(lambda: any(UP in line for line in switch.lines))
        yield switch


def children(switch: Program) -> list[psutil.Process]:
    """Return the services' processes."""
    return psutil.Process(switch.pid).children()


async def test_ctrl_c_drains_and_leaves_nothing(
    tmp_path: Path, settings: Mapping[str, str]
) -> None:
    async with running(tmp_path, settings) as switch:
        services = children(switch)
        assert len(services) == len(Service)
        os.kill(switch.pid, signal.SIGINT)
        await switch.succeed(STOPPED)

    assert not any(process.is_running() for process in services)


async def test_a_service_that_dies_ends_the_switch_and_is_named(
    tmp_path: Path, settings: Mapping[str, str]
) -> None:
    async with running(tmp_path, settings) as switch:
        services = children(switch)
        routing = next(process for process in services if "routing" in process.cmdline())
        routing.kill()

        assert await switch.wait(STOPPED) == 1
        assert "error: ended by itself: routing (status -9)" in switch.lines
    assert not any(process.is_running() for process in services)


async def test_services_leave_when_who_started_them_is_killed(
    tmp_path: Path, settings: Mapping[str, str]
) -> None:
    async with running(tmp_path, settings) as switch:
        services = children(switch)
        os.kill(switch.pid, signal.SIGKILL)

        async with asyncio.timeout(STOPPED):
            await until(lambda: not any(process.is_running() for process in services))


async def test_a_second_switch_on_the_same_ports_is_refused(
    tmp_path: Path, settings: Mapping[str, str]
) -> None:
    command = (sys.executable, "-m", "trunkline_cli", "up")
    async with (
        running(tmp_path, settings),
        program(*command, directory=tmp_path, settings=settings) as second,
    ):
        assert await second.wait(STOPPED) == 1
        assert "listens on" in second.last_lines
