"""SIP over UDP: one socket, a message a datagram (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from ..sip._wire import Datagrams
from ..sip.errors import BUGS
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


class UdpSocket:
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
        self._datagrams = Datagrams(bound.fileno(), partial(_way, self.local))
        self._is_open = True
        self._shows_waiting = _shows_waiting(bound)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(bound, self._read)

    @classmethod
    def open(
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
        return cls(bound, receive, counters)

    @property
    def waiting(self) -> int:
        """Bytes that the kernel holds for us, its own overhead included.

        0 when closed, and where the kernel does not tell, which the log says at the start.
        """
        return _waiting_in(self._socket) if self._is_open and self._shows_waiting else 0

    def send(self, data: bytes, remote: Address) -> None:
        """Send a datagram; the timers of SIP deal with one that the kernel refuses."""
        if self._is_open and self._datagrams.send(data, remote):
            self._counters.datagrams_sent += 1
        else:
            self._counters.datagrams_dropped += 1

    def close(self) -> None:
        """Close the socket."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _read(self) -> None:
        """Hand on a few datagrams; the loop comes back for more after others had their turn."""
        try:
            taken = self._datagrams.take()
        except OSError:
            self._counters.datagrams_dropped += 1
            return
        self._counters.datagrams_received += len(taken)
        for data, flow in taken:
            try:
                self._receive(data, flow)
            except BUGS:  # those behind it are not lost with it
                log.exception("datagram not handled", remote=flow.remote)


def _way(local: Address, remote: Address) -> Flow:
    return Flow(Transport.UDP, remote, local)


def _make_room(bound: socket.socket, wanted: int) -> None:
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    granted = bound.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # Linux doubles it
    if granted < wanted:
        log.warning(
            "the receive buffer is small: raise net.core.rmem_max", wanted=wanted, granted=granted
        )


def _shows_waiting(bound: socket.socket) -> bool:
    try:
        _waiting_in(bound)
    except OSError as error:
        log.warning("this kernel hides what waits: overload goes unseen", error=str(error))
        return False
    return True


def _waiting_in(bound: socket.socket) -> int:
    (waiting,) = _WORD.unpack(bound.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _WORD.size))
    return int(waiting)
