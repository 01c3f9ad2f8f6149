"""SIP over WebSocket, the server's side (RFC 7118, RFC 6455): a message a WebSocket message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import ProtocolError

from ..sip.framing import Frame, StreamBroken
from .streams import Reply

SUBPROTOCOL: Final = "sip"
MAX_MESSAGE: Final = 65_535
"""Bytes of one message: as much as a datagram carries."""


class WebSocketStream:
    """One connection, from its HTTP request on."""

    def __init__(self) -> None:
        self._connection = WSConnection(ConnectionType.SERVER)
        self._message = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame | bytes | Reply]:
        """Take received bytes and yield what is complete. Raises `StreamBroken`."""
        try:
            self._connection.receive_data(data)
            for event in self._connection.events():
                yield from self._take(event)
        except (ProtocolError, UnicodeDecodeError) as error:  # wsproto takes headers for ASCII
            raise StreamBroken(f"no WebSocket: {error}") from None

    def wrap(self, message: bytes) -> bytes:
        """Return the message in a frame: text where it is text (RFC 7118 section 5.1)."""
        try:
            return self._connection.send(TextMessage(data=message.decode()))
        except UnicodeDecodeError:
            return self._connection.send(BytesMessage(data=message))

    def farewell(self) -> bytes:
        """Return a close frame, if one is due."""
        if self._connection.state is not ConnectionState.OPEN:
            return b""
        return self._connection.send(CloseConnection(code=CloseReason.GOING_AWAY))

    def _take(self, event: Event) -> Iterator[bytes | Reply]:
        match event:
            case Request():
                yield self._shake_hands(event)
            case TextMessage(data=data, message_finished=is_whole):
                yield from self._collect(data.encode(), is_whole)
            case BytesMessage(data=data, message_finished=is_whole):
                yield from self._collect(data, is_whole)
            case Ping():
                yield Reply(self._connection.send(event.response()))
            case CloseConnection():
                yield Reply(self._connection.send(event.response()), ends=True)

    def _shake_hands(self, request: Request) -> Reply:
        if SUBPROTOCOL not in request.subprotocols:
            return Reply(self._connection.send(RejectConnection(status_code=400)), ends=True)
        return Reply(self._connection.send(AcceptConnection(subprotocol=SUBPROTOCOL)))

    def _collect(self, part: bytes | bytearray, is_whole: bool) -> Iterator[bytes]:
        self._message += part
        if len(self._message) > MAX_MESSAGE:
            raise StreamBroken(f"a message of more than {MAX_MESSAGE} bytes")
        if is_whole:
            message = bytes(self._message)
            self._message.clear()
            yield message
