"""One running switch for all tests of a peer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.local_switch import LocalSwitch
from trunkline.signaling.v1.signaling_pb2 import StartTraceRequest

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).with_name("documents.yaml")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def switch(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalSwitch]:
    """A switch with the example documents and those of these tests, and everything traced."""
    async with LocalSwitch(tmp_path_factory.mktemp("switch")) as running:
        await running.apply(*sorted((ROOT / "examples").glob("*.yaml")), DOCUMENTS)
        await running.ask(running.services.signaling[0].StartTrace, StartTraceRequest())
        yield running
