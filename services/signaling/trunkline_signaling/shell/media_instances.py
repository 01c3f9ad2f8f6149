"""Finds the media instances behind a target and gives each a channel of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from trunkline_kernel.rpc import MultiplexedChannel
from trunkline_kernel.rpc.resolver import resolve

from ..rpc.clients.media import MediaClient
from .media_pool import MediaPool

log = structlog.stdlib.get_logger(__name__)

INTERVAL: Final = 5.0
"""Seconds between two looks at the names: instances come and go."""
PATIENCE: Final = 60.0
"""Seconds for which an instance may be missing from its name: it may only be draining."""


class MediaInstances:
    """Keeps the pool's members in step with the names."""

    def __init__(
        self, target: str, pool: MediaPool, channel: Callable[[str], MultiplexedChannel]
    ) -> None:
        self._target = target
        self._pool = pool
        self._channel = channel
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._missing: dict[str, float] = {}

    async def run(self) -> None:
        """Look and serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    found = {_target_of(address.dial) for address in await resolve(self._target)}
                except OSError as error:
                    log.warning("media instances are not found", error=str(error))
                else:
                    self._update(found, tasks)
                await asyncio.sleep(INTERVAL)

    def _update(self, found: set[str], tasks: asyncio.TaskGroup) -> None:
        for target in found - self._serving.keys():
            self._serving[target] = tasks.create_task(self._serve(target))
        now = asyncio.get_running_loop().time()
        for target in found:
            self._missing.pop(target, None)
        for target in self._serving.keys() - found:
            if now - self._missing.setdefault(target, now) > PATIENCE and self._pool.idle(target):
                self._serving.pop(target).cancel()
                del self._missing[target]

    async def _serve(self, target: str) -> None:
        async with self._channel(target) as channel:
            await self._pool.serve(target, MediaClient(channel))


def _target_of(dial: str) -> str:
    return dial.partition(":")[2]
