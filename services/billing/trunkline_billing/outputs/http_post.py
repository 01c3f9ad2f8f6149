"""One HTTP POST, as small as a push needs: no redirects, no keep-alive, a deadline over all."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import h11

DEADLINE: Final = 5.0
"""Seconds for the whole exchange."""
MAX_BODY: Final = 64 * 1024 * 1024
CHUNK: Final = 65_536
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Names of headers are in small letters."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def taken(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300


Post = Callable[[str, bytes], Awaitable[Answer]]
"""Posts a body to a URL; raises one of `UNREACHED`."""

UNREACHED: Final = (OSError, TimeoutError, ValueError, h11.RemoteProtocolError)
"""What is raised when no answer came, or none in HTTP."""


async def post_json(
    url: str, body: bytes, headers: Mapping[str, str] = NO_HEADERS, deadline: float = DEADLINE
) -> Answer:
    """Return the answer; raise one of `UNREACHED`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    async with asyncio.timeout(deadline):
        reader, writer = await asyncio.open_connection(
            parts.hostname,
            parts.port or (443 if secure else 80),
            ssl=ssl.create_default_context() if secure else None,
        )
        try:
            request = h11.Request(
                method="POST",
                target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                headers=list(
                    {
                        "Host": parts.netloc.rpartition("@")[2],
                        "Content-Type": "application/json",
                        "Content-Length": str(len(body)),
                        "User-Agent": "trunkline",
                        "Connection": "close",
                        **headers,
                    }.items()
                ),
            )
            return await _exchange(reader, writer, request, body)
        finally:
            writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, body: bytes
) -> Answer:
    connection = h11.Connection(h11.CLIENT)
    for part in (request, h11.Data(body), h11.EndOfMessage()):
        writer.write(connection.send(part) or b"")
    await writer.drain()
    response: h11.Response | None = None
    content = b""
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(CHUNK))
            case h11.Response():
                response = event
            case h11.Data():
                content += event.data
                if len(content) > MAX_BODY:
                    raise ValueError(f"an answer of more than {MAX_BODY} bytes")
            case h11.EndOfMessage():
                assert response is not None
                named = {name.decode(): value.decode() for name, value in response.headers}
                return Answer(response.status_code, content, named)
