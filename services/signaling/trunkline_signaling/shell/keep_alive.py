"""Keeps the NAT of registered terminals open, in paced batches (SIG-07)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from ..calls.services import ServiceError, Terminal, TerminalService
from ..sip.flow import Transport
from .ports import Clock, Network

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeepAliveSettings:
    """The parameters SS_SIP_NAT_KEEP_ALIVE_*."""

    message: bytes
    """What is sent, as it is. Empty: nothing is."""
    period: float
    """Seconds between two rounds."""
    send_interval: float
    """Seconds between two batches of a round."""
    send_one_time: int
    """Datagrams in a batch."""


class KeepAlive:
    """Sends a datagram a round to each terminal behind NAT whose flow this instance holds."""

    def __init__(
        self,
        auth: TerminalService,
        network: Network,
        instance: str,
        settings: Callable[[], KeepAliveSettings],
        clock: Clock,
    ) -> None:
        self._auth = auth
        self._network = network
        self._instance = instance
        self._settings = settings
        self._clock = clock
        self._known: Sequence[Terminal] = ()

    async def run(self) -> None:
        """Send round after round until cancelled; one that takes long delays the next."""
        loop = asyncio.get_running_loop()
        while True:
            begun, settings = loop.time(), self._settings()
            if settings.message:
                await self._round(settings)
            await asyncio.sleep(max(begun + settings.period - loop.time(), 0))

    async def _round(self, settings: KeepAliveSettings) -> None:
        await self._refresh()
        pause = 0.0
        for batch in _batches(self._known, settings.send_one_time):
            await asyncio.sleep(pause)
            pause = settings.send_interval
            now = self._clock.now()
            for terminal in batch:
                if terminal.expires > now:
                    self._network.send(settings.message, terminal.flow)

    async def _refresh(self) -> None:
        """Ask auth who is behind NAT; while it is away, go on with whom it named last."""
        try:
            terminals = await self._auth.registered(self._instance, behind_nat=True)
        except ServiceError as error:
            log.warning("terminals behind NAT are those known before", error=error.explanation)
        else:
            self._known = [each for each in terminals if each.flow.transport is Transport.UDP]


def _batches(terminals: Sequence[Terminal], size: int) -> Iterator[Sequence[Terminal]]:
    for start in range(0, len(terminals), size):
        yield terminals[start : start + size]
