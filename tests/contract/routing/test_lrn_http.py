"""An LRN server over HTTP, as it answers and as it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from trunkline_routing.lrn.http import LONGEST_ANSWER, HttpLrnServer
from trunkline_routing.lrn.portability import LrnError


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Serve one answer on a port of the system's choosing; note what was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def ok(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "lrn"),
    [
        pytest.param(ok('{"lrn": "9730000000"}'), "9730000000", id="ported"),
        pytest.param(ok('{"lrn": null}'), None, id="not ported"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", None, id="no content"),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", None, id="not found"),
    ],
)
async def test_an_answer_is_read(answer: bytes, lrn: str | None) -> None:
    async with answering(answer) as (address, asked):
        assert await HttpLrnServer().ask(address, "2125551234") == lrn
        assert asked[0].startswith(b"GET /lrn/2125551234 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        pytest.param(b"HTTP/1.1 500 Oops\r\n\r\n", "status 500", id="an error"),
        pytest.param(ok("9730000000"), "the answer is not", id="no object"),
        pytest.param(ok('{"lrn": 9730000000}'), "expected ten digits", id="no text"),
        pytest.param(b"SIP/2.0 200 OK\r\n\r\n", "no HTTP", id="another protocol"),
        pytest.param(b"", "no HTTP", id="nothing"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", "no answer", id="no status"),
        pytest.param(ok(" " * LONGEST_ANSWER), "more than", id="too much"),
    ],
)
async def test_a_bad_answer_is_a_failure(answer: bytes, complaint: str) -> None:
    async with answering(answer) as (address, _):
        with pytest.raises(LrnError, match=complaint):
            await HttpLrnServer().ask(address, "2125551234")


async def test_a_server_that_is_not_there_is_a_failure() -> None:
    async with answering(b"") as (address, _):
        pass
    with pytest.raises(LrnError, match="no answer"):
        await HttpLrnServer().ask(address, "2125551234")
