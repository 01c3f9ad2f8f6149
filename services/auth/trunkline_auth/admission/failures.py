"""Failures of one terminal over all its sessions, and its suspension (AUT-04, AUT-07)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from ..identity import IPAddress

MAX_IDENTITY: Final = 128  # what a stranger may make us remember of a name


class SuspensionKind(StrEnum):
    """What is refused to a suspended terminal."""

    AUTHENTICATION = "authentication"
    """Every request that needs authentication (AUT-04)."""
    REGISTRATION = "registration"
    """REGISTER only (AUT-07)."""
    LOGIN = "login"
    """Logins of an operator (AUT-16)."""


@dataclass(frozen=True, slots=True)
class FailureKey:
    """Whose failures: of an identity as tried from one address.

    Elsewhere its owner is not locked out by what strangers try.
    """

    kind: SuspensionKind
    identity: str
    ip: str

    @classmethod
    def of(cls, kind: SuspensionKind, identity: str, ip: IPAddress) -> "FailureKey":
        return cls(kind, identity[:MAX_IDENTITY], str(ip))


@dataclass(frozen=True, slots=True)
class Suspension:
    """A terminal that is refused for a while."""

    key: FailureKey
    until: datetime


class Failures(Protocol):
    """Where failures are counted: one place for the whole cluster (spec 0.6)."""

    async def record(
        self, key: FailureKey, limit: int, span: timedelta, now: datetime
    ) -> Suspension | None:
        """Count a failure; return the suspension it causes, if it is the `limit`th.

        The count is forgotten `span` after its last failure, and with the suspension, which lasts
        `span`. Failures of a suspended terminal change nothing.
        """

    async def suspend(self, key: FailureKey, span: timedelta, now: datetime) -> Suspension | None:
        """Suspend at once; None if it is suspended already."""

    async def suspension(self, key: FailureKey, now: datetime) -> Suspension | None:
        """Return the suspension that holds now, or None."""

    async def clear(self, key: FailureKey) -> None:
        """Forget the failures of a terminal that succeeded."""

    async def suspensions(self, now: datetime) -> Sequence[Suspension]:
        """Return all that hold now, the first to end first."""

    async def lift(self, identity: str, ip: str, now: datetime) -> int:
        """End the suspensions of an identity at `ip`, or everywhere if that is empty.

        Return how many there were.
        """
