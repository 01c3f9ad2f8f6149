"""What is before the TLS handshake: who comes too often is not worth one."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from ..sip.flow import Address
from .counters import TransportCounters
from .options import TransportOptions
from .tcp import TcpConnection

log = structlog.stdlib.get_logger(__name__)

_PAUSE: Final = 0.5  # seconds, when no descriptor is left for one more


class TlsDoor:
    """Takes connections from a listening socket and shakes hands with whom `admits` lets in.

    TLS is there before the first byte is read: asyncio's `start_tls` on a connection that reads
    already loses a hello that is quick.
    """

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        options: Callable[[], TransportOptions],
        admits: Callable[[str], bool],
        make: Callable[[], TcpConnection],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        counters: TransportCounters,
    ) -> None:
        """`make` makes the connection that takes over."""
        self._listening = listening
        self._context = context
        self._options = options
        self._admits = admits
        self._make = make
        self._spawn = spawn
        self._counters = counters

    async def serve(self) -> None:
        """Take connections until cancelled."""
        while True:
            await self._take_next()

    async def _take_next(self) -> None:
        try:
            opened, remote = await asyncio.get_running_loop().sock_accept(self._listening)
        except OSError as error:
            log.warning("cannot take a connection", error=str(error))
            await asyncio.sleep(_PAUSE)
            return
        if self._admits(remote[0]):
            self._spawn(self._shake_hands(opened, remote[:2]))
        else:
            opened.close()

    async def _shake_hands(self, opened: socket.socket, remote: Address) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make,
                opened,
                ssl=self._context,
                ssl_handshake_timeout=self._options().connect_limit,
            )
        except OSError as error:
            self._counters.handshakes_failed += 1
            log.debug("no TLS handshake", remote=remote, error=str(error))
