"""What a connection's bytes mean: where messages begin and end, and what is answered below SIP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ..sip.framing import PONG, Frame, Framer, Ping


class Reply(NamedTuple):
    """Bytes that go back without SIP being asked."""

    data: bytes
    ends: bool = False
    """Whether the connection is closed behind them."""
    to_strangers: bool = True
    """Whether they go also to a peer that has had no message of ours (AUT-01)."""


class Stream(Protocol):
    """One connection's framing."""

    def feed(self, data: bytes) -> Iterator[Frame | bytes | Reply]:
        """Take received bytes and yield what is complete. Raises `StreamBroken`."""

    def wrap(self, message: bytes) -> bytes:
        """Return a message as it is sent."""

    def farewell(self) -> bytes:
        """Return what is sent before the connection is closed."""


class SipStream:
    """Messages one after another (RFC 3261 section 18.3)."""

    def __init__(self) -> None:
        self._framer = Framer()

    def feed(self, data: bytes) -> Iterator[Frame | bytes | Reply]:
        """Take received bytes and yield what is complete. Raises `StreamBroken`."""
        for item in self._framer.feed(data):
            yield Reply(PONG, to_strangers=False) if isinstance(item, Ping) else item

    def wrap(self, message: bytes) -> bytes:
        """Return the message."""
        return message

    def farewell(self) -> bytes:
        """Return nothing: FIN says it all."""
        return b""
