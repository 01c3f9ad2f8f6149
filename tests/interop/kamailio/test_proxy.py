"""Kamailio, a customer's proxy, stays in the way of every dialog: nothing of it may pass it by."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.local_switch import LocalSwitch
from support.ports import free_port
from support.programs import program
from support.records import traced, wait_for_cdrs
from trunkline.common.v1.common_pb2 import CallEndReason

FILES = Path(__file__).parent
PBX, CALLER, VOX = "127.0.0.10", "127.0.0.31", "127.0.0.22"
"""The customer's address, where its proxy is; the phone behind it; a vendor of the examples."""
VENDOR_PORT = "5070"
NUMBER = "12125550131"
PATIENCE = 15.0

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(switch: LocalSwitch, tmp_path: Path) -> AsyncIterator[str]:
    """A proxy before the switch; gives its address."""
    address = f"{PBX}:{free_port()}"
    configured = (FILES / "proxy.cfg.template").read_text()
    (tmp_path / "proxy.cfg").write_text(configured.replace("SWITCH", "{}:{}".format(*switch.sip)))
    command = ("kamailio", "-DD", "-E", "-f", "proxy.cfg", "-l", f"udp:{address}")
    async with program(*command, "-Y", str(tmp_path), directory=tmp_path) as kamailio:
        yield address
        os.kill(kamailio.pid, signal.SIGTERM)  # killed, it would leave its children behind
        await kamailio.wait(PATIENCE)


async def test_a_dialog_through_a_record_routing_proxy_keeps_to_its_route_set(
    switch: LocalSwitch, proxy: str, tmp_path: Path
) -> None:
    options = ("-m", "1", "-timeout", "10", "-timeout_error", "-nostdin")
    vendor = ("sipp", "-sf", str(FILES / "vendor_hangs_up.xml"), "-i", VOX, "-p", VENDOR_PORT)
    caller = ("sipp", "-sf", str(FILES / "caller_behind_proxy.xml"), "-i", CALLER, "-s", NUMBER)
    async with (
        program(*vendor, *options, directory=tmp_path) as far,
        program(*caller, *options, proxy, directory=tmp_path) as near,
    ):
        await near.succeed(PATIENCE)
        await far.succeed(PATIENCE)

    (call,) = await wait_for_cdrs(switch, 1, NUMBER)
    ends = {
        end
        for event in await traced(switch, call.cdr.call_id)
        if event.message and event.leg == "A"
        for end in (event.source, event.destination)
    }
    assert call.cdr.call_end_reason == CallEndReason.CALL_END_REASON_CALLEE_HANGUP
    assert proxy in ends
    assert not [end for end in ends if end.startswith(CALLER)]
