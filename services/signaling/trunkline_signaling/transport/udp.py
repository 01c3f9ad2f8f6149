"""SIP over UDP: one socket, a message a datagram (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

import structlog

from ..sip.flow import Address, Flow, Transport
from ..sip.framing import Frame
from .counters import TransportCounters
from .options import TransportOptions, bind, mark

Receive = Callable[[bytes | Frame, Flow], None]
"""Takes a datagram or a frame, whatever it holds, and where it came from."""

SO_MEMINFO: Final = 55
"""Linux's option that tells how a socket's memory is used; the first word is what waits in it."""
_WORD: Final = struct.Struct("I")

log = structlog.stdlib.get_logger(__name__)


class UdpSocket(asyncio.DatagramProtocol):
    """A bound UDP socket. `send` never waits: what the kernel can't take is dropped."""

    def __init__(
        self,
        bound: socket.socket,
        receive: Receive,
        counters: TransportCounters,
    ) -> None:
        self.local: Address = bound.getsockname()[:2]
        self._socket = bound
        self._receive = receive
        self._counters = counters
        self._transport: asyncio.DatagramTransport | None = None
        self._is_full = False
        self._shows_waiting = True

    @classmethod
    async def open(
        cls,
        address: Address,
        options: TransportOptions,
        receive: Receive,
        counters: TransportCounters,
    ) -> UdpSocket:
        """Bind an address. Raises `OSError`."""
        bound = bind(socket.SOCK_DGRAM, address)
        _make_room(bound, options.receive_buffer)
        mark(bound, options.tos)
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: cls(bound, receive, counters), sock=bound
        )
        try:
            _waiting_in(bound)
        except OSError as error:
            protocol._shows_waiting = False
            log.warning("this kernel hides what waits: overload goes unseen", error=str(error))
        return protocol

    @property
    def waiting(self) -> int:
        """Bytes that the kernel holds for us, its own overhead included.

        0 when closed, and where the kernel does not tell, which the log says at the start.
        """
        if self._transport is None or not self._shows_waiting:
            return 0
        return _waiting_in(self._socket)

    def send(self, data: bytes, remote: Address) -> None:
        """Send a datagram."""
        if self._transport is None or self._is_full:
            self._counters.datagrams_dropped += 1
            return
        self._counters.datagrams_sent += 1
        self._transport.sendto(data, remote)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to send with."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Send no more."""
        self._transport = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand a datagram on; IPv6 addresses lose their flow label and scope."""
        self._counters.datagrams_received += 1
        self._receive(data, Flow(Transport.UDP, addr[:2], self.local))

    def pause_writing(self) -> None:
        """Drop what is sent while the kernel takes nothing: late datagrams help nobody."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Send again."""
        self._is_full = False

    def error_received(self, exc: Exception) -> None:
        """Count a datagram the kernel refused; the timers of SIP deal with its loss."""
        self._counters.datagrams_dropped += 1


def _make_room(bound: socket.socket, wanted: int) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    granted = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # Linux doubles it
    if granted < wanted:
        log.warning(
            "the receive buffer is small: raise net.core.rmem_max", wanted=wanted, granted=granted
        )


def _waiting_in(bound: socket.socket) -> int:
    (waiting,) = _WORD.unpack(bound.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _WORD.size))
    return int(waiting)
