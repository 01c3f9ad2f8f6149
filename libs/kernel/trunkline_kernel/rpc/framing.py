"""Messages on a byte stream, each behind its length, as multiplex.proto describes them."""

import socket
from collections.abc import Iterator
from typing import Final

from google.protobuf.message import Message

from .batch import MAX_MESSAGE_BYTES

LENGTH_BYTES: Final = 4

SILENCE_LIMIT: Final = 10
"""Seconds without a byte after which the peer's machine is asked whether it is still there."""

LOSS_LIMIT: Final = 3
"""Seconds it may take to answer that, or to acknowledge what was sent, before it counts as gone."""


class OversizedMessage(Exception):
    """A length that no peer of ours sends: this is another protocol, or damage."""


def framed(message: Message) -> bytes:
    """Return a message as it travels."""
    body = message.SerializeToString()
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class Splitter:
    """Cuts a byte stream into messages."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield every message that is whole now. Raises `OversizedMessage`."""
        data = self._rest + data if self._rest else data
        start, end = 0, len(data)
        while end - start >= LENGTH_BYTES:
            body = start + LENGTH_BYTES
            length = int.from_bytes(data[start:body], "big")
            if length > MAX_MESSAGE_BYTES:
                raise OversizedMessage(f"a message of {length} bytes")
            if end - body < length:
                break
            start = body + length
            yield data[body:start]
        self._rest = data[start:]


def notice_dead_peers(sock: socket.socket) -> None:
    """Let the kernel break a connection whose other machine is gone, and say so within seconds."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENCE_LIMIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, LOSS_LIMIT)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOSS_LIMIT * 1000)
