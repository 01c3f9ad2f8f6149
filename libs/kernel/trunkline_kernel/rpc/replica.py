"""One replica of a service: keeps a connection to it, again and again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from .exchange import Exchange
from .resolver import Address

log = structlog.stdlib.get_logger(__name__)

BACKOFF_MIN: Final = 0.1
BACKOFF_MAX: Final = 1.0
"""Seconds between two tries to reach a replica, doubled from the first to the second figure."""

SETTLED: Final = 1.0
"""Seconds after which a connection that ends is followed by another at once."""


class Replica:
    """Holds the connection that new calls to this replica go on."""

    def __init__(
        self,
        address: Address,
        connect: Callable[[Address, asyncio.Protocol], Awaitable[None]],
        tasks: asyncio.TaskGroup,
        max_in_flight: int,
    ) -> None:
        self._address = address
        self._connect = connect
        self._tasks = tasks
        self._max_in_flight = max_in_flight
        self._random = random.Random()  # noqa: S311 - spreads reconnections, no secret
        self._failing = False
        self.exchange = self._open()
        self._following = tasks.create_task(self._follow())

    @property
    def connected(self) -> bool:
        """Whether a connection to the replica stands."""
        return self.exchange.connected and self.exchange.open

    def leave(self) -> None:
        """Make no further connection; the present one ends with its last reply."""
        self._following.cancel()
        self.exchange.leave()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        wait = BACKOFF_MIN
        started = loop.time()
        while True:
            await asyncio.shield(self.exchange.leaving)
            self._note(reached=self.exchange.connected)
            if not self._failing and loop.time() - started > SETTLED:
                wait = BACKOFF_MIN
            else:
                await asyncio.sleep(wait * self._random.uniform(0.5, 1.0))
                wait = min(wait * 2, BACKOFF_MAX)
            started = loop.time()
            self.exchange = self._open()

    def _open(self) -> Exchange:
        exchange = Exchange(
            lambda protocol: self._connect(self._address, protocol),
            self._address.dial,
            max_in_flight=self._max_in_flight,
        )
        self._tasks.create_task(exchange.run())
        return exchange

    def _note(self, *, reached: bool) -> None:
        if reached is self._failing:
            self._failing = not reached
            log.warning(
                "replica can be reached again" if reached else "replica cannot be reached",
                replica=self._address.dial,
            )
