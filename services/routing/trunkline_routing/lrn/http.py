"""Asks an LRN server over HTTP: `GET /lrn/<ten digits>`.

200 with `{"lrn": "2015550000"}` is a ported number; 200 with null, 204 and 404 say that it is not.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

from ..documents.fields import parse_address
from .portability import LrnError

DEFAULT_PORT: Final = 80
LONGEST_ANSWER: Final = 8192
_NOT_PORTED: Final = frozenset({204, 404})


class HttpLrnServer:
    """One connection a query: an answer is remembered for a day, so queries are few."""

    async def ask(self, address: str, key: str) -> str | None:
        """Return the routing number of `key`, or nothing. Raises `LrnError`."""
        try:
            status, body = await _get(address, f"/lrn/{key}")
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise LrnError(f"no answer: {error}") from error
        if status in _NOT_PORTED:
            return None
        if status != 200:
            raise LrnError(f"status {status}")
        return _read(body)


async def _get(address: str, path: str) -> tuple[int, bytes]:
    server = parse_address(address)
    reader, writer = await asyncio.open_connection(server.host, server.port or DEFAULT_PORT)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        await writer.drain()
        answer = await reader.read(LONGEST_ANSWER)
        while chunk := await reader.read(LONGEST_ANSWER):
            answer += chunk
            if len(answer) > LONGEST_ANSWER:
                raise LrnError(f"an answer of more than {LONGEST_ANSWER} bytes")
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    version, _, rest = head.partition(b" ")
    if not version.startswith(b"HTTP/1."):
        raise LrnError("the answer is no HTTP")
    return int(rest[:3]), body


def _read(body: bytes) -> str | None:
    try:
        lrn = json.loads(body)["lrn"]
    except (ValueError, KeyError, TypeError) as error:
        raise LrnError('the answer is not {"lrn": ...}') from error
    if lrn is not None and not isinstance(lrn, str):
        raise LrnError(f"lrn is {lrn!r}, expected ten digits or null")
    return lrn
