"""One HTTP POST, as small as a push needs: no redirects, no keep-alive, a deadline over all."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

DEADLINE: Final = 5.0
"""Seconds for the whole exchange."""
MAX_HEAD: Final = 65_536


async def post_json(url: str, body: bytes) -> int:
    """Return the status of the answer; raise `OSError`, `TimeoutError` or `ValueError`."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection(
            parts.hostname, port, ssl=ssl.create_default_context() if secure else None
        )
        try:
            writer.write(
                f"POST {target} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\n"
                "Content-Type: application/json\r\nUser-Agent: trunkline\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
            return _status(await reader.readline())
        finally:
            writer.close()


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    if not version.startswith(b"HTTP/"):
        raise ValueError(f"not an HTTP answer: {line[:40]!r}")
    return int(rest[:3])
