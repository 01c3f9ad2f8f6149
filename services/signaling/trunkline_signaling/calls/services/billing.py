"""What is asked of billing, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from ..parties import Endpoint, EndpointKind
from ..reasons import CallEndReason


@dataclass(frozen=True, slots=True)
class Authorize:
    """Ask whether the account can pay, and reserve its first slice (BIL-04 to BIL-06)."""

    call_id: str
    signaling_instance: str
    account: str
    payer: EndpointKind | None
    caller: str
    callee: str
    endpoint: Endpoint
    setup_time: float
    callee_account: str = ""


@dataclass(frozen=True, slots=True)
class Authorized:
    """The call may begin."""

    max_duration: timedelta | None = None
    """Longest talk time the money allows."""
    reserved: timedelta | None = None
    """Talk time reserved by now; Extend is due before it is used up. None: nothing is reserved."""
    lease: timedelta | None = None
    """How long the reservation lives without an Extend."""
    summary: str = ""
    """Rate and price, for the trace."""


@dataclass(frozen=True, slots=True)
class Unpayable:
    """The call may not begin, by billing's decision."""

    reason: CallEndReason
    explanation: str
    of_callee: bool = False
    """It is the called phone's account that has no money (BIL-07)."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Keep the reservation ahead of a call in progress."""

    call_id: str
    elapsed: timedelta
    """Talk time so far; zero before the answer."""


@dataclass(frozen=True, slots=True)
class Extended:
    """How long the call may go on."""

    reserved: timedelta | None
    """Talk time reserved by now, counted from the answer."""
    end: timedelta | None = None
    """Talk time at which the call must end: the money is gone. None: more can be had."""
    lease: timedelta | None = None


class BillingService(Protocol):
    """Money before and during a call. Every method raises `ServiceError`."""

    async def authorize(self, question: Authorize) -> Authorized | Unpayable:
        """Reserve the first slice."""

    async def extend(self, question: Extend) -> Extended:
        """Reserve the next slice."""
