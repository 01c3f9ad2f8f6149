"""A switch whose services are fakes, and the command run against it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.command import Ended, FakeSwitch, Place, Run
from support.services import serving
from trunkline.common.v1.documents_pb2_grpc import add_DocumentServiceServicer_to_server
from trunkline_cli.__main__ import main
from trunkline_cli.services import Service, address_variable


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch()


@pytest.fixture
def run(
    switch: FakeSwitch,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Run]:
    """Run `trunkline` with arguments; the fakes are served from the first run on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with ExitStack() as stack:
        served: list[bool] = []

        def serve() -> None:
            for service, documents in switch.documents.items():
                pairs = switch.servicers.get(service, [])
                pairs = [(add_DocumentServiceServicer_to_server, documents), *pairs]
                address = stack.enter_context(serving(*pairs))
                monkeypatch.setenv(address_variable(service), address)
            served.append(True)

        def execute(*arguments: str) -> Ended:
            if not served:
                serve()
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            captured = capsys.readouterr()
            status = ended.value.code
            return Ended(status if isinstance(status, int) else 0, captured.out, captured.err)

        yield execute


@pytest.fixture
def place(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Serve several instances of a service in place of the one of `run`."""
    run("--version")  # its addresses are set from here on
    with ExitStack() as stack:

        def serve(service: Service, *instances: list[tuple[Any, Any]]) -> None:
            addresses = [stack.enter_context(serving(*pairs)) for pairs in instances]
            monkeypatch.setenv(address_variable(service), ",".join(addresses))

        yield serve
