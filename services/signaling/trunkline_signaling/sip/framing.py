"""Messages in a byte stream (RFC 3261 section 18.3) and keep-alives between them (RFC 5626)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .errors import RemoteProtocolError

END_OF_HEAD: Final = b"\r\n\r\n"
PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"

_CONTENT_LENGTH: Final = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?([0-9]{1,9})[ \t]*(?=\r\n|$)",
    re.IGNORECASE,
)


class Frame(NamedTuple):
    """One message, not yet parsed."""

    head: bytes
    body: bytes


class Ping:
    """A double CRLF; the receiver answers with `PONG` (RFC 5626 section 4.4.1)."""


class StreamBroken(RemoteProtocolError):
    """The stream can't be cut any further: its connection must be closed."""


class Framer:
    """Cuts a stream into messages.

    The limits are our own: 64 KiB is what a datagram can carry, so nobody needs more on a stream.
    """

    def __init__(self, max_head: int = 65_535, max_body: int = 65_535) -> None:
        self._max_head = max_head
        self._max_body = max_body
        self._buffer = bytearray()
        self._searched = 0

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame | Ping]:
        """Take received bytes and yield what is complete. Raises `StreamBroken`."""
        self._buffer += data
        while (item := self._next()) is not None:
            yield item

    def _next(self) -> Frame | Ping | None:
        buffer = self._buffer
        if buffer.startswith(PING):
            del buffer[:4]
            return Ping()
        if buffer.startswith(b"\r\n") and len(buffer) > 3:
            del buffer[:2]  # a pong, or a stray line end (section 7.5)
        end = buffer.find(END_OF_HEAD, max(self._searched - 3, 0))
        if end < 0 or end > self._max_head:
            self._searched = len(buffer)
            if len(buffer) > self._max_head:
                raise StreamBroken(f"no header ends within {self._max_head} bytes")
            return None
        return self._cut(end)

    def _cut(self, end: int) -> Frame | None:
        head = bytes(self._buffer[:end])
        start, stop = end + 4, end + 4 + self._body_length(head)
        if len(self._buffer) < stop:
            return None
        body = bytes(self._buffer[start:stop])
        del self._buffer[:stop]
        self._searched = 0
        return Frame(head, body)

    def _body_length(self, head: bytes) -> int:
        match = _CONTENT_LENGTH.search(head)
        if match is None:
            raise StreamBroken("no Content-Length tells where the message ends")
        length = int(match[1])
        if length > self._max_body:
            raise StreamBroken(f"a body of {length} bytes, more than {self._max_body}")
        return length
