"""One running switch for all tests of a peer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.certificates import Authority
from support.local_switch import LocalSwitch
from support.ports import free_port
from trunkline.signaling.v1.signaling_pb2 import StartTraceRequest

ROOT = Path(__file__).parents[2]
WS_PORT = "TRUNKLINE_SIGNALING_SIP_WS_PORT"
DOCUMENTS = Path(__file__).with_name("documents.yaml")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the switch and its vendors."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents and those of these tests, and everything traced."""
    issued = authority.issue("switch", addresses=["127.0.0.1"])
    settings = {
        "TRUNKLINE_SIGNALING_SIP_TLS_CERT_FILE": str(issued.cert),
        "TRUNKLINE_SIGNALING_SIP_TLS_KEY_FILE": str(issued.key),
        "TRUNKLINE_SIGNALING_SIP_TLS_CA_FILE": str(authority.ca),
        WS_PORT: str(free_port()),
    }
    async with LocalSwitch(tmp_path_factory.mktemp("switch"), settings) as running:
        await running.apply(*sorted((ROOT / "examples").glob("*.yaml")), DOCUMENTS)
        await running.ask(running.services.signaling[0].StartTrace, StartTraceRequest())
        yield running
