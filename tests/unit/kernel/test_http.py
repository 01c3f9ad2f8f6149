"""The pages beside gRPC."""

import asyncio

import pytest
from trunkline_kernel.http import HttpServer, service_pages
from trunkline_kernel.metrics import Metrics


@pytest.mark.parametrize(
    ("request_line", "ready", "status"),
    [
        ("GET /healthz HTTP/1.1", False, 200),
        ("GET /readyz HTTP/1.1", True, 200),
        ("GET /readyz HTTP/1.1", False, 503),
        ("GET /metrics?name=x HTTP/1.1", True, 200),
        ("GET /nowhere HTTP/1.1", True, 404),
        ("POST /metrics HTTP/1.1", True, 405),
    ],
)
async def test_a_page_answers_by_its_state(request_line: str, ready: bool, status: int) -> None:
    answer = await ask(f"{request_line}\r\nHost: here\r\n\r\n".encode(), ready=ready)

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_metrics_carry_the_name_of_the_service() -> None:
    answer = await ask(b"GET /metrics HTTP/1.1\r\n\r\n", ready=True)

    assert b"trunkline_echo_calls_total 1.0" in answer


async def test_what_is_not_http_gets_no_answer() -> None:
    assert await ask(b"\x16\x03\x01" * 4000, ready=True) == b""


async def ask(request: bytes, *, ready: bool) -> bytes:
    metrics = Metrics("echo")
    metrics.counter("calls", "Calls.").inc()
    server = HttpServer(service_pages(metrics, lambda: ready))
    await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(request)
        writer.write_eof()
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
        await server.stop()
