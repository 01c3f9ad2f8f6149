"""One SIP connection over TCP, TLS or WebSocket (RFC 3261 section 18, RFC 5626 keep-alives)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import structlog

from ..sip.flow import Flow
from ..sip.framing import Frame, StreamBroken
from .counters import TransportCounters
from .domains import domains_of, proves
from .options import TransportOptions, mark
from .streams import Reply, Stream
from .udp import Receive

log = structlog.stdlib.get_logger(__name__)

_LINGER_ZERO: Final = struct.pack("ii", 1, 0)


class TcpConnection(asyncio.Protocol):
    """A connection, opened by either side.

    A peer that does not read is not read from, and is cut off when too much waits for it: neither
    its messages nor ours can fill our memory.
    """

    def __init__(
        self,
        flow: Flow,
        stream: Stream,
        options: Callable[[], TransportOptions],
        receive: Receive,
        opened: Callable[[TcpConnection], bool],
        lost: Callable[[TcpConnection, bool], None],
        counters: TransportCounters,
    ) -> None:
        self.flow = flow
        """Without addresses until it is open."""
        self._options = options
        self._receive = receive
        self._opened = opened
        self._lost = lost
        self._counters = counters
        self._stream = stream
        self._transport: asyncio.Transport | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._opened_at = self._last_active = 0.0
        self._has_spoken = False
        self._is_broken = False

    @property
    def is_open(self) -> bool:
        """Tell whether messages can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send a message, or as much of it as the peer takes."""
        if self._transport is None:
            return
        self._counters.frames_sent += 1
        self._transport.write(self._stream.wrap(data))
        self._has_spoken = True
        self._touch()
        if self._transport.get_write_buffer_size() > self._options().max_unsent:
            self._break("the peer does not read")

    def close(self) -> None:
        """Close in the manner of SS_TCP_CLOSE_RESET (SIG-17): FIN flushes, RST does not."""
        if self._transport is None:
            return
        if self._options().close_reset:
            connected: socket.socket = self._transport.get_extra_info("socket")
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self._transport.abort()
        else:
            self._transport.write(self._stream.farewell())
            self._transport.close()

    def abort(self) -> None:
        """Close without waiting for a peer that may never read what is left."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn both addresses, and whether there is room for one more."""
        self._transport = cast(asyncio.Transport, transport)
        remote = transport.get_extra_info("peername")
        local = transport.get_extra_info("sockname")
        if not remote or not local:  # reset before we came to look
            self._transport.abort()
            return
        self.flow = self.flow._replace(remote=remote[:2], local=local[:2])
        if self.flow.domain and not self._is_proven(transport.get_extra_info("peercert") or {}):
            self._transport.abort()
            return
        if not self._opened(self):
            self._counters.connections_refused += 1
            self.close()
            return
        self._prepare(transport.get_extra_info("socket"))

    def _is_proven(self, certificate: Mapping[str, Any]) -> bool:
        """Tell whether the peer is who was dialled, before a byte is sent."""
        domain = self.flow.domain
        if proves(certificate, domain):
            return True
        found = list(domains_of(certificate))
        log.warning("a certificate is somebody else's", domain=domain, certificate_of=found)
        return False

    def _prepare(self, connected: socket.socket) -> None:
        mark(connected, self._options().tos)
        self._touch()
        self._opened_at = self._last_active
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and tell whether it ended as it should."""
        self._transport = None
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._lost(self, self._is_broken or exc is not None)

    def data_received(self, data: bytes) -> None:
        """Cut the stream and hand each message on."""
        try:
            for item in self._stream.feed(data):
                if not self.is_open:
                    return
                self._take(item)
        except StreamBroken as error:
            self._break(str(error))

    def _take(self, item: Frame | bytes | Reply) -> None:
        self._touch()
        if not isinstance(item, Reply):
            self._counters.frames_received += 1
            self._receive(item, self.flow)
        elif self._transport is not None and (self._has_spoken or item.to_strangers):
            self._transport.write(item.data)
            if item.ends:
                self._transport.close()

    def pause_writing(self) -> None:
        """Read no further while the peer does not."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _break(self, why: str) -> None:
        self._is_broken = True
        self._counters.connections_broken += 1
        log.info("connection closed", remote=self.flow.remote, reason=why)
        if self._options().close_reset:
            self.close()
        else:
            self.abort()

    def _touch(self) -> None:
        self._last_active = asyncio.get_running_loop().time()

    def _watch(self) -> None:
        """Close when idle for too long; look again when that could first be.

        A stranger's time runs from the beginning, whatever it sends.
        """
        loop = asyncio.get_running_loop()
        options = self._options()
        idle_at = self._last_active + options.idle_limit
        if not self._has_spoken:
            idle_at = min(idle_at, self._opened_at + options.stranger_limit)
        if idle_at <= loop.time():
            self.close()
        else:
            self._idle_timer = loop.call_at(idle_at, self._watch)
