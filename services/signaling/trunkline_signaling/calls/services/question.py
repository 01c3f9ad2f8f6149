"""The questions and answers of all four services, and what comes of no answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from .auth import (
    Admission,
    Admit,
    Blacklisted,
    EndReported,
    Locate,
    Located,
    ReportEnd,
    Screen,
    Screened,
)
from .billing import (
    Authorize,
    Authorized,
    Extend,
    Extended,
    Unpayable,
)
from .media import (
    CloseMedia,
    ConnectMedia,
    DigitsSent,
    MediaClosed,
    MediaConnected,
    MediaOpened,
    OpenMedia,
    Play,
    PlayBegun,
    PlayStopped,
    SendDigits,
    StopPlay,
)
from .routing import (
    Exhausted,
    NextCandidate,
    NextFound,
    Release,
    Released,
    Route,
    Routed,
    Unroutable,
)

DEADLINE: Final = timedelta(seconds=1)
"""How long any of them may take (specification, section 0.9)."""

ServiceName = Literal["auth", "routing", "billing", "media"]

Question = (
    Admit
    | Route
    | NextCandidate
    | Release
    | Locate
    | Screen
    | ReportEnd
    | Authorize
    | Extend
    | OpenMedia
    | ConnectMedia
    | CloseMedia
    | SendDigits
    | Play
    | StopPlay
)

Answer = (
    Admission
    | Routed
    | Unroutable
    | NextFound
    | Exhausted
    | Released
    | Located
    | Screened
    | Blacklisted
    | EndReported
    | Authorized
    | Unpayable
    | Extended
    | MediaOpened
    | MediaConnected
    | MediaClosed
    | DigitsSent
    | PlayBegun
    | PlayStopped
)


@dataclass(frozen=True, slots=True)
class ServiceFailed:
    """A service gave no usable answer: away, too slow, or in error."""

    service: ServiceName
    question: Question
    explanation: str
    exhausted: bool = False
    """It is there but full: no media port is free (MED-13)."""
    unknown: bool = False
    """It is there but does not know the call."""


class ServiceError(Exception):
    """A service gave no usable answer to one question."""

    def __init__(
        self,
        explanation: str,
        *,
        exhausted: bool = False,
        unknown: bool = False,
        refused: bool = False,
    ) -> None:
        """`refused` says that the service answered: this question is wrong, others may be right."""
        super().__init__(explanation)
        self.explanation = explanation
        self.exhausted = exhausted
        self.unknown = unknown
        self.refused = refused
