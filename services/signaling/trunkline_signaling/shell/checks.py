"""The light check of registered terminals: auth says whom, we send OPTIONS (AUT-08).

A terminal that misses one check is checked once more before its next turn, so that one which is
unplugged is known to be offline within two intervals.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

import structlog

from ..calls.call_settings import OwnAddresses
from ..calls.parties import Endpoint
from ..calls.services import Checked, ServiceError, Terminal, TerminalService
from ..registrar.probe import options
from .inquiries import Inquiries

log = structlog.stdlib.get_logger(__name__)

TURN: Final = 1.0
"""Seconds between two questions for whom to check."""
PATIENCE_SHARE: Final = 1 / 6
"""Part of the interval for which an answer is waited for."""
LONGEST_PATIENCE: Final = 10.0
RECHECK_SHARE: Final = 1 / 3
"""Part of the interval after which a terminal that missed a check is checked again."""


class Checks:
    """Checks the terminals whose flow this instance holds."""

    def __init__(
        self,
        auth: TerminalService,
        inquiries: Inquiries,
        own: OwnAddresses,
        instance: str,
        random: Random,
    ) -> None:
        self._auth = auth
        self._inquiries = inquiries
        self._own = own
        self._instance = instance
        self._random = random
        self._under_way: set[Endpoint] = set()
        self._found: list[Checked] = []

    async def run(self) -> None:
        """Check until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    await self._turn(tasks)
                except ServiceError as error:
                    log.warning("terminals are not checked", error=error.explanation)
                await asyncio.sleep(TURN)

    async def _turn(self, tasks: asyncio.TaskGroup) -> None:
        """Tell what was found, and begin what is due."""
        found, self._found = self._found, []
        if found:
            try:
                await self._auth.report_checks(found)
            except ServiceError:
                self._found = found + self._found
                raise
        due = await self._auth.due_checks(self._instance)
        for terminal in due.terminals:
            if terminal.endpoint not in self._under_way:
                self._under_way.add(terminal.endpoint)
                tasks.create_task(self._check(terminal, due.interval))

    async def _check(self, terminal: Terminal, interval: float) -> None:
        patience = min(interval * PATIENCE_SHARE, LONGEST_PATIENCE)
        try:
            if not await self._answers(terminal, patience):
                await asyncio.sleep(interval * RECHECK_SHARE)
                await self._answers(terminal, patience)
        except Exception:  # a contact is whatever its terminal wrote: it costs its own check only
            log.exception("a check failed", terminal=str(terminal.endpoint))
        finally:
            self._under_way.discard(terminal.endpoint)

    async def _answers(self, terminal: Terminal, patience: float) -> bool:
        flow = terminal.flow
        own = self._own.seen_by(flow.remote[0], flow.transport)
        request = options(terminal.contact, own, self._random)
        alive = await self._inquiries.ask(request, flow, patience) is not None
        self._found.append(Checked(terminal.endpoint, terminal.contact, alive))
        return alive
