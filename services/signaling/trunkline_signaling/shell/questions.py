"""What calls ask of the other services, and what those could not be told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..calls import services
from ..calls.call import Call
from ..calls.services import (
    Admit,
    Authorize,
    CloseMedia,
    ConnectMedia,
    Extend,
    Locate,
    NextCandidate,
    OpenMedia,
    Play,
    Question,
    Release,
    ReportEnd,
    Route,
    Screen,
    SendDigits,
    ServiceError,
    ServiceFailed,
    ServiceName,
    StopPlay,
)
from .ports import Observer, Services
from .tasks import Tasks

PATIENCE: Final = 0.02
"""Seconds for which the news of a call's end waits for that of others: a hop costs less shared."""

NEWS: Final = (Release, ReportEnd)
"""What tells of a call's end."""

Answered = Callable[[Call, services.Answer | ServiceFailed], None]


class Questions:
    """Asks, and tells the call what came of it."""

    def __init__(
        self,
        peers: Services,
        tasks: Tasks,
        observer: Observer,
        answered: Answered,
        asked: Callable[[], None],
    ) -> None:
        """`answered` takes what a call is told, `asked` hears that no question waits any more."""
        self.unreleased: dict[str, Release] = {}
        """Seats that routing could not be told of; told again with the leases."""
        self.unreported: dict[str, ReportEnd] = {}
        """Ends of screened calls that auth could not be told of; told again with the leases."""
        self._auth = peers.auth
        self._tasks = tasks
        self._observer = observer
        self._answered = answered
        self._all_asked = asked
        self._later: list[tuple[Call, Question]] = []
        self._loop = asyncio.get_running_loop()
        self._methods = _methods(peers)

    def ask(self, call: Call, question: Question) -> None:
        """Ask a service. News of a call's end waits for others: nobody waits for its answer."""
        if not isinstance(question, NEWS):
            self._tasks.spawn(self._ask(call, question))
            return
        if not self._later:
            self._loop.call_later(PATIENCE, self._ask_now)
        self._later.append((call, question))

    @property
    def waiting(self) -> bool:
        """Whether news of ended calls is still to be told."""
        return bool(self._later)

    async def report_ends(self) -> None:
        """Tell auth of the ends that it has missed. Raises `ServiceError`."""
        for call_id, report in list(self.unreported.items()):
            await self._auth.report_end(report)
            self.unreported.pop(call_id, None)

    def _ask_now(self) -> None:
        later, self._later = self._later, []
        for call, question in later:
            self._tasks.spawn(self._ask(call, question))
        self._all_asked()

    async def _ask(self, call: Call, question: Question) -> None:
        service, ask = self._methods[type(question)]
        event: services.Answer | ServiceFailed
        try:
            event = await ask(question)
        except ServiceError as error:
            event = ServiceFailed(
                service, question, error.explanation, error.exhausted, error.unknown
            )
            self._keep(call, question)
        self._observer.decided(call.id, question, event)
        self._answered(call, event)

    def _keep(self, call: Call, question: Question) -> None:
        if isinstance(question, Release):
            self.unreleased[call.id] = question
        if isinstance(question, ReportEnd):
            self.unreported[call.id] = question


def _methods(peers: Services) -> Mapping[type, tuple[ServiceName, Callable[[Any], Any]]]:
    auth, routing, billing, media = peers.auth, peers.routing, peers.billing, peers.media
    return {
        Admit: ("auth", auth.admit),
        Locate: ("auth", auth.locate),
        Screen: ("auth", auth.screen),
        ReportEnd: ("auth", auth.report_end),
        Route: ("routing", routing.route),
        NextCandidate: ("routing", routing.next_candidate),
        Release: ("routing", routing.release),
        Authorize: ("billing", billing.authorize),
        Extend: ("billing", billing.extend),
        OpenMedia: ("media", media.open),
        ConnectMedia: ("media", media.connect),
        CloseMedia: ("media", media.close),
        SendDigits: ("media", media.send_digits),
        Play: ("media", media.play),
        StopPlay: ("media", media.stop_play),
    }
