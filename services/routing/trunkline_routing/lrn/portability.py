"""Finds routing numbers: in the internal table, or at a server with a time limit and a memory.

Answers of the server are remembered for a day; several calls that ask about one number at once
cause one query.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from ..parameters import LrnMode
from ..view import View
from .answers import Answer, Answers, Failure, is_routing_number, query_key

REMEMBERED: Final = timedelta(hours=24)
MAX_REMEMBERED: Final = 1_000_000
"""Answers kept; the oldest go first."""


class LrnError(Exception):
    """The server is away, or its answer can't be read."""


class LrnServer(Protocol):
    """Whoever answers for ported numbers."""

    async def ask(self, address: str, key: str) -> str | None:
        """Return the routing number of ten digits, or nothing. Raises `LrnError`."""


class Portability:
    """Answers for one process; obeys the parameters that are in force when a call asks."""

    def __init__(self, view: View, server: LrnServer, clock: Callable[[], datetime]) -> None:
        self._view = view
        self._server = server
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[datetime, Answer]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Answer | Failure]] = {}

    async def look_up(self, caller: str, callee: str, eaten: int) -> Answers:
        """Return what is known of both numbers, asking the server at once for both."""
        answers = await asyncio.gather(self._one(callee, eaten), self._one(caller, eaten))
        return Answers(*answers)

    def known(self, caller: str, callee: str, eaten: int) -> Answers:
        """Return what is known without asking anybody, to explain."""
        return Answers(self._known(callee, eaten), self._known(caller, eaten))

    def _known(self, number: str, eaten: int) -> Answer | Failure:
        key = query_key(number, eaten)
        if key is None:
            return _no_key(number, eaten)
        if self._view.parameters.lrn_mode is LrnMode.INTERNAL:
            return self._view.snapshot.lrn.find(key)
        return self._recall(key) or Failure(f"the server has not been asked about {key}")

    async def _one(self, number: str, eaten: int) -> Answer | Failure:
        key = query_key(number, eaten)
        if key is None:
            return _no_key(number, eaten)
        if self._view.parameters.lrn_mode is LrnMode.INTERNAL:
            return self._view.snapshot.lrn.find(key)
        if remembered := self._recall(key):
            return remembered
        if key not in self._asking:
            asking = asyncio.ensure_future(self._ask(key))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(self._asking[key])

    async def _ask(self, key: str) -> Answer | Failure:
        parameters = self._view.parameters
        if not parameters.lrn_server:
            return Failure("no LRN server is configured")
        try:
            async with asyncio.timeout(parameters.lrn_timeout.total_seconds()):
                lrn = await self._server.ask(parameters.lrn_server, key)
        except TimeoutError:
            return Failure(f"{parameters.lrn_server} did not answer in time")
        except LrnError as error:
            return Failure(f"{parameters.lrn_server}: {error}")
        if lrn is not None and not is_routing_number(lrn):
            return Failure(f"{parameters.lrn_server} answered {lrn!r}, which is no routing number")
        return self._remember(key, Answer(lrn))

    def _recall(self, key: str) -> Answer | None:
        found = self._remembered.get(key)
        if found is None or self._clock() - found[0] >= REMEMBERED:
            return None
        return found[1]

    def _remember(self, key: str, answer: Answer) -> Answer:
        self._remembered[key] = (self._clock(), answer)
        self._remembered.move_to_end(key)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return answer


def _no_key(number: str, eaten: int) -> Failure:
    return Failure(f"{number or 'an empty number'} has no ten digits behind its first {eaten}")
