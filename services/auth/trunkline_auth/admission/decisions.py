"""What becomes of a request: one of four, each of which can say why."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from ..digest import Challenge
from ..identity import Endpoint


class AdmittedBy(StrEnum):
    """How a source was recognised (AUT-05)."""

    ADDRESS = "address"
    ADDRESS_AND_PORT = "address-and-port"
    BINDING = "binding"
    DIGEST = "digest"
    NAME = "name"
    """It only names a terminal or sends from where one is registered. Nothing is proven: such a
    request is answered as any known source's, and never becomes a call."""


class Reason(StrEnum):
    """Why a request does not go on. Stable: metrics and traces carry the word."""

    UNAUTHORIZED = "unauthorized"
    """The source is unknown (AUT-01)."""
    CHALLENGE_LIMIT = "challenge-limit"
    """More challenges to one source than a second may have (AUT-01)."""
    WRONG_CREDENTIALS = "wrong-credentials"
    """The last guess that the session had (AUT-03)."""
    SESSION_OVER = "session-over"
    """The authentication session ran out of time or of tries before (AUT-03)."""
    SUSPENDED = "suspended"
    """The terminal is suspended (AUT-04)."""
    REGISTRATION_SUSPENDED = "registration-suspended"
    """The terminal may not register for a while (AUT-07)."""
    MALFORMED = "malformed"
    """Credentials or contacts break their grammar."""
    FOREIGN_ADDRESS_OF_RECORD = "foreign-address-of-record"
    """A terminal registers another one's name."""
    BOUND_ELSEWHERE = "bound-elsewhere"
    """A binding lives and may not be replaced (AUT-06)."""
    INTERVAL_TOO_BRIEF = "interval-too-brief"
    """The registration asks for less than a minute (SIG-24)."""
    OUT_OF_ORDER = "out-of-order"
    """An older REGISTER came after a newer one (RFC 3261 section 10.3)."""


@dataclass(frozen=True, slots=True)
class Allow:
    """The request goes on."""

    endpoint: Endpoint | None
    """Who it is. None where it is known by name alone."""
    by: AdmittedBy


@dataclass(frozen=True, slots=True)
class Challenged:
    """The source is asked for credentials."""

    challenge: Challenge
    unknown_source: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """The source gets a final answer."""

    status_code: int
    reason: Reason
    explanation: str
    """For trace and log, never for the source."""
    unknown_source: bool = False
    """The answer carries neither Server nor User-Agent (AUT-01)."""
    min_expires: timedelta | None = None
    """Of a 423."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The source gets nothing at all."""

    reason: Reason
    explanation: str
    unknown_source: bool = False


Refusal: TypeAlias = Challenged | Reject | Drop
Decision: TypeAlias = Allow | Refusal
