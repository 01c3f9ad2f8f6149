"""Who is no stranger to the sockets, which limit strangers more: whom auth let in."""

from __future__ import annotations

from collections.abc import Callable

from ..calls.services import (
    Admission,
    Admit,
    Allowed,
    AuthService,
    Blacklisted,
    EndReported,
    Locate,
    Located,
    Register,
    Registered,
    Registration,
    ReportEnd,
    Screen,
    Screened,
)


class NotedCallers:
    """Satisfies `AuthService` by another one, and tells whom that let in."""

    def __init__(self, auth: AuthService, know: Callable[[str], None]) -> None:
        """`know` gets the source's IP address."""
        self._auth = auth
        self._know = know

    async def admit(self, question: Admit) -> Admission:
        """Identify the source of one request; one that proved who it is becomes known."""
        admission = await self._auth.admit(question)
        if isinstance(admission, Allowed) and admission.endpoint is not None:
            self._know(question.source[0])
        return admission

    async def register(self, question: Register) -> Registration:
        """Admit a REGISTER; its source becomes known."""
        registration = await self._auth.register(question)
        if isinstance(registration, Registered):
            self._know(question.admit.source[0])
        return registration

    async def locate(self, question: Locate) -> Located:
        """Return where a terminal is."""
        return await self._auth.locate(question)

    async def screen(self, question: Screen) -> Screened | Blacklisted:
        """Judge a call by its numbers."""
        return await self._auth.screen(question)

    async def report_end(self, question: ReportEnd) -> EndReported:
        """Take note of how a screened call ended."""
        return await self._auth.report_end(question)
