"""Logs: the call's id on every line of a call, secrets on none."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from trunkline_kernel.logs import bind_call_id, configure_logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs("echo", format="json", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_written_during_a_call_carries_its_id(lines: io.StringIO) -> None:
    with bind_call_id("a84b4c@atlanta"):
        structlog.stdlib.get_logger("kernel").info("answered", status=200)

    line = json.loads(lines.getvalue())
    assert (line["call_id"], line["service"], line["status"]) == ("a84b4c@atlanta", "echo", 200)


def test_a_line_of_a_library_carries_the_id_too(lines: io.StringIO) -> None:
    with bind_call_id("a84b4c@atlanta"):
        logging.getLogger("library").warning("slow")

    assert json.loads(lines.getvalue())["call_id"] == "a84b4c@atlanta"


def test_a_line_outside_of_a_call_has_no_id(lines: io.StringIO) -> None:
    structlog.stdlib.get_logger("kernel").info("started")

    assert "call_id" not in json.loads(lines.getvalue())


@pytest.mark.parametrize("key", ["password", "ha1", "client_secret", "Authorization"])
def test_a_secret_is_never_written(lines: io.StringIO, key: str) -> None:
    structlog.stdlib.get_logger("kernel").info("stored", **{key: "hunter2"})

    assert "hunter2" not in lines.getvalue()
