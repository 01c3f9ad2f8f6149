"""An HTTP endpoint that takes what is pushed to it, or not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Receiver:
    """What was posted to one endpoint."""

    def __init__(self) -> None:
        self.status = 200
        self.answer = b""
        """Body of the answers."""
        self.asked = 0
        self.paths: list[str] = []
        """Ends of the URLs that were posted to, after the endpoint's own."""
        self.taken: list[dict[str, Any]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        asked = await reader.readuntil(b"\r\n\r\n")
        length = int(asked.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        self.asked += 1
        self.paths.append(asked.split(b" ")[1].decode().removeprefix("/base"))
        if self.status == 200:
            self.taken.append(body)
        head = f"HTTP/1.1 {self.status} Whatever\r\nContent-Length: {len(self.answer)}\r\n\r\n"
        writer.write(head.encode() + self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Listen on a free port until the block ends."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base"
    yield receiver
    server.close()
