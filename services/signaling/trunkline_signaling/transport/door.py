"""A connection before its TLS handshake: who comes too often is not worth one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog

from .counters import TransportCounters
from .options import TransportOptions
from .tcp import TcpConnection

log = structlog.stdlib.get_logger(__name__)


class TlsDoor(asyncio.Protocol):
    """Shakes hands with whom `admits` lets in, and hands over to the connection `make` makes."""

    def __init__(
        self,
        context: ssl.SSLContext,
        options: Callable[[], TransportOptions],
        admits: Callable[[str], bool],
        make: Callable[[], TcpConnection],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        counters: TransportCounters,
    ) -> None:
        self._context = context
        self._options = options
        self._admits = admits
        self._make = make
        self._spawn = spawn
        self._counters = counters
        self._early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in, or close at once."""
        opened = cast(asyncio.Transport, transport)
        remote = transport.get_extra_info("peername")
        if not remote or not self._admits(remote[0]):
            opened.abort()
            return
        opened.pause_reading()
        self._spawn(self._shake_hands(opened))

    def data_received(self, data: bytes) -> None:
        """Keep what comes with the end of the handshake."""
        self._early += data

    async def _shake_hands(self, opened: asyncio.Transport) -> None:
        secured: asyncio.Transport | None = None
        try:
            secured = await asyncio.get_running_loop().start_tls(
                opened,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=self._options().connect_limit,
            )
        except (OSError, RuntimeError) as error:  # RuntimeError: uvloop, of one closed before
            self._counters.handshakes_failed += 1
            log.debug("no TLS handshake", error=str(error))
        finally:
            if secured is None:
                opened.abort()
        if secured is not None:
            self._hand_over(secured)

    def _hand_over(self, secured: asyncio.Transport) -> None:
        connection = self._make()
        secured.set_protocol(connection)
        connection.connection_made(secured)
        if self._early:
            connection.data_received(bytes(self._early))
