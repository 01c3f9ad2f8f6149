"""The door at which peers ask for our books: HTTP POST of one signed question, one signed answer.

It is the only part of billing that strangers may reach. Without a peer's key it tells nothing, not
even which accounts there are.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import h11
import structlog
from sqlalchemy.exc import SQLAlchemyError

from .messages import (
    SIGNATURE,
    TIME,
    BadMessage,
    Question,
    is_fresh,
    is_signed,
    read_question,
    sign,
)
from .peer import Peer

PATH: Final = b"/reconciliation"
MAX_BODY: Final = 4096
PATIENCE: Final = 5.0
"""Seconds that a question may take to arrive."""
GUESTS: Final = 8
"""Questions that are answered at the same time; others wait for PATIENCE."""
CHUNK: Final = 65_536

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes
    signature: str = ""


Find = Callable[[Question], Peer | None]
"""Returns the peer who may ask a question."""
Books = Callable[[Question], Awaitable[bytes]]
"""Returns the text of an answer."""


class PeerDoor:
    """Answers peers."""

    def __init__(self, find: Find, books: Books, clock: Callable[[], datetime]) -> None:
        self._find = find
        self._books = books
        self._clock = clock
        self._guests = asyncio.Semaphore(GUESTS)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on. Only while it is open."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @asynccontextmanager
    async def opened(
        self, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> AsyncIterator["PeerDoor"]:
        """Listen until the block ends; raise `OSError` when the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls)
        log.info("peer_door_open", port=self.port, tls=tls is not None)
        try:
            yield self
        finally:
            self._server.close()
            await self._server.wait_closed()

    async def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one question."""
        signature = headers.get(SIGNATURE, "")
        try:
            question = read_question(body)
        except BadMessage as error:
            return Reply(400, f"{error}\n".encode())
        peer = self._find(question)
        told = headers.get(TIME, "")
        if peer is None or not is_signed(signature, peer.key, told, body):
            log.warning("peer_refused", account=question.account, reason="unknown or not signed")
            return Reply(403, b"no peer of this account and direction signed this\n")
        if not is_fresh(told, self._clock()):
            return Reply(403, b"trunkline-time: more than 5 minutes from ours\n")
        try:
            content = await self._books(question)
        except (SQLAlchemyError, OSError) as error:
            log.error("peer_not_answered", peer=peer.name, error=str(error))
            return Reply(503, b"the books cannot be read now\n")
        return Reply(200, content, sign(peer.key, signature, content))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._guests.acquire()
            try:
                await self._converse(reader, writer)
            finally:
                self._guests.release()
        except (TimeoutError, OSError, h11.RemoteProtocolError):
            pass  # who does not speak HTTP gets no answer
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_BODY)
        async with asyncio.timeout(PATIENCE):
            request, body = await _receive(connection, reader)
        reply = _misdirected(request, body)
        if reply is None:
            named = {name.decode(): value.decode("latin-1") for name, value in request.headers}
            reply = await self.answer(named, body)
        head = h11.Response(
            status_code=reply.status,
            headers=[
                ("Content-Length", str(len(reply.body))),
                ("Connection", "close"),
                *([(SIGNATURE, reply.signature)] if reply.signature else []),
            ],
        )
        for part in (head, h11.Data(reply.body), h11.EndOfMessage()):
            writer.write(connection.send(part) or b"")
        await writer.drain()


def tls_of(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return the TLS of a door; None for one without. Raises `OSError` for files that are none."""
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


async def _receive(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Request, bytes]:
    """Return a request with at most a byte more of its body than is allowed."""
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(CHUNK))
            case h11.Request():
                request = event
            case h11.Data():
                body += event.data
            case h11.ConnectionClosed():
                raise h11.RemoteProtocolError("nothing was asked")
        if request is not None and (isinstance(event, h11.EndOfMessage) or len(body) > MAX_BODY):
            return request, body[: MAX_BODY + 1]


def _misdirected(request: h11.Request, body: bytes) -> Reply | None:
    if request.target.partition(b"?")[0] != PATH:
        return Reply(404, b"no such page\n")
    if request.method != b"POST":
        return Reply(405, b"only POST\n")
    if len(body) > MAX_BODY:
        return Reply(413, f"more than {MAX_BODY} bytes\n".encode())
    return None
