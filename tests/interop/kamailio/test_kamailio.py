"""Kamailio, a registrar of others, has us in its location table for as long as it should."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from support.local_switch import LocalSwitch
from support.ports import free_port
from support.programs import program
from support.waiting import until_true
from trunkline_cli.services import Service

FILES = Path(__file__).parent
HOST = "127.0.0.24"
PATIENCE = 20.0
REFRESH_AFTER = 15.0
"""Seconds: five before the end of the twenty that are granted."""

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class Registrar:
    """A running Kamailio, asked over its control socket."""

    control: Path

    async def cseq(self) -> int | None:
        """Return the CSeq of our binding; None when there is none."""
        asked = await asyncio.create_subprocess_exec(
            *("kamcmd", "-s", f"unix:{self.control}", "ul.dump"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        table, _ = await asked.communicate()
        found = re.search(r"AoR: 4711\b.*?CSeq: (\d+)", table.decode(), re.DOTALL)
        return int(found[1]) if found else None

    async def holds_us(self) -> bool:
        """Return whether we are in its table."""
        return await self.cseq() is not None


@pytest_asyncio.fixture(loop_scope="module")
async def registrar(switch: LocalSwitch, tmp_path: Path) -> AsyncIterator[Registrar]:
    """A registrar at which the switch registers."""
    port = free_port()
    running = Registrar(tmp_path / "control")
    configured = (FILES / "kamailio.cfg.template").read_text()
    (tmp_path / "kamailio.cfg").write_text(configured.replace("CONTROL", str(running.control)))
    vendor = (FILES / "vendor.yaml.template").read_text()
    (tmp_path / "vendor.yaml").write_text(vendor.replace("ADDRESS", f"{HOST}:{port}"))
    command = ("kamailio", "-DD", "-E", "-f", "kamailio.cfg", "-l", f"udp:{HOST}:{port}")
    async with program(*command, "-Y", str(tmp_path), directory=tmp_path) as kamailio:
        await switch.apply(tmp_path / "vendor.yaml")
        await until_true(running.holds_us)
        yield running
        os.kill(kamailio.pid, signal.SIGTERM)  # killed, it would leave its children behind
        await kamailio.wait(PATIENCE)


async def is_reachable(switch: LocalSwitch) -> bool:
    """Return whether the vendor may get calls."""
    listed = (await switch.command("gateway", "list", "--output", "json")).json
    return any(each["reachable"] for each in listed if each["endpoint"]["name"] == "kamailio")


async def test_sig01_and_sig02_kamailio_has_us_while_we_live_and_no_longer(
    switch: LocalSwitch, registrar: Registrar
) -> None:
    await until_true(lambda: is_reachable(switch))
    before = await registrar.cseq()
    await asyncio.sleep(REFRESH_AFTER + 1)
    refreshed = await registrar.cseq()
    assert before is not None and refreshed is not None and refreshed > before

    await switch.kill(Service.SIGNALING)
    assert await registrar.holds_us()

    await switch.restart(Service.SIGNALING)
    await until_true(lambda: is_reachable(switch))
    switch.processes[Service.SIGNALING].send(signal.SIGTERM)
    await switch.processes[Service.SIGNALING].wait()
    assert not await registrar.holds_us()
