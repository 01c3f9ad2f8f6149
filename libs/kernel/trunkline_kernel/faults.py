"""Errors that say whose fault they are.

Every service has a tree of errors under `TrunklineError`. Each class names a `Fault`, which becomes
the gRPC status, and a stable `reason`, which programs may compare. This module imports no gRPC, so
domain code may use it; `rpc.status` does the translation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Fault(IntEnum):
    """What kind of failure this is. The numbers are gRPC's status codes."""

    CANCELLED = 1
    """The caller no longer waits."""
    UNKNOWN = 2
    """A peer failed in a way nobody described."""
    INVALID_ARGUMENT = 3
    """The request is wrong whatever the state is."""
    DEADLINE_EXCEEDED = 4
    """Time ran out. The effect may have happened."""
    NOT_FOUND = 5
    """What was named does not exist."""
    ALREADY_EXISTS = 6
    """What was to be created exists."""
    PERMISSION_DENIED = 7
    """The caller is known and may not."""
    RESOURCE_EXHAUSTED = 8
    """A limit, a quota or the capacity is used up."""
    FAILED_PRECONDITION = 9
    """The state forbids it until somebody changes the state."""
    ABORTED = 10
    """A concurrent change won. Start over."""
    OUT_OF_RANGE = 11
    """Past the end of what exists."""
    UNIMPLEMENTED = 12
    """Nobody here answers that."""
    INTERNAL = 13
    """Our own mistake."""
    UNAVAILABLE = 14
    """Not now. Somebody else, or the same one later, may answer."""
    DATA_LOSS = 15
    """Stored data is gone or damaged."""
    UNAUTHENTICATED = 16
    """The caller has not shown who they are."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One wrong field of a request: its path and what was expected."""

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}" if self.field else self.description


class TrunklineError(Exception):
    """An expected failure.

    The message is for people and names what is wrong, where, and what was expected; it must hold no
    secret. `violations` list all wrong fields at once; `metadata` are facts for programs.
    """

    fault: Fault = Fault.INTERNAL
    reason: str = "INTERNAL"

    def __init__(
        self,
        message: str = "",
        *,
        violations: Iterable[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.violations = tuple(violations)
        self.metadata = dict(metadata or {})
        self.message = message or "; ".join(map(str, self.violations)) or type(self)._summary()
        super().__init__(self.message)

    @classmethod
    def _summary(cls) -> str:
        return (cls.__doc__ or cls.reason).strip().partition("\n")[0]


class InvalidArgument(TrunklineError):
    """The request is wrong."""

    fault = Fault.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"


class NotFound(TrunklineError):
    """What was named does not exist."""

    fault = Fault.NOT_FOUND
    reason = "NOT_FOUND"


class FailedPrecondition(TrunklineError):
    """The state forbids it."""

    fault = Fault.FAILED_PRECONDITION
    reason = "FAILED_PRECONDITION"


class RemoteError(TrunklineError):
    """A call to another service failed: its fault, reason and details as they came."""

    def __init__(
        self,
        fault: Fault,
        message: str = "",
        *,
        reason: str = "",
        violations: Iterable[FieldViolation] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.fault = fault
        self.reason = reason or fault.name
        super().__init__(message or self.reason, violations=violations, metadata=metadata)
