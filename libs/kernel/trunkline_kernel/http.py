"""The small HTTP server beside gRPC: /metrics, /healthz and /readyz.

Answers GET only, closes after each answer, and takes no more of a request than its first lines.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from .metrics import Metrics

READ_LIMIT: Final = 8192
READ_TIMEOUT: Final = 5.0

Page = Callable[[], tuple[int, bytes]]
"""Returns the status and the body of one path."""

PHRASES: Final = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Unavailable"}


class HttpServer:
    """Serves pages on the event loop of the service."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = pages
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on. Only after `start`."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises `OSError` when the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=READ_LIMIT)

    async def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # a caller that does not speak HTTP gets no answer
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        if method != b"GET":
            return _response(405, b"only GET\n")
        page = self._pages.get(path)
        return _response(*page()) if page else _response(404, b"no such page\n")


def service_pages(metrics: Metrics, ready: Callable[[], bool]) -> dict[str, Page]:
    """Return the pages of every service. Alive is who answers at all."""
    return {
        "/metrics": lambda: (200, metrics.render()),
        "/healthz": lambda: (200, b"ok\n"),
        "/readyz": lambda: (200, b"ready\n") if ready() else (503, b"not ready\n"),
    }


def _response(status: int, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {PHRASES[status]}\r\n"
        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
