"""What is asked of routing, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Protocol

from ...sip.flow import Address
from ..cdr import Attempt
from ..parties import Endpoint, EndpointKind, Identity, Numbers, PassedOn
from ..policy import DEFAULT_POLICY, Candidate, LegPolicy, SwitchPolicy
from ..reasons import CallEndReason

NO_CODES: Final[Mapping[int, int]] = MappingProxyType({})
NO_NUMBERS: Final = Numbers()
UNLIMITED_SWITCHES: Final = SwitchPolicy()


@dataclass(frozen=True, slots=True)
class Route:
    """Ask where a call goes: numbers, candidates, seats (RTE-01 to RTE-22)."""

    call_id: str
    signaling_instance: str
    endpoint: Endpoint
    source: Address
    identity: Identity
    setup_time: float
    passed_on: PassedOn | None = None
    held_number: str = ""
    """Of whom the caller, a phone, keeps on hold in another call (SIG-21)."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The call has candidates; the first has its seat."""

    numbers: Numbers
    account: str
    payer: EndpointKind | None
    first: Candidate
    leg_a: LegPolicy = DEFAULT_POLICY
    others: tuple[Endpoint, ...] = ()
    switch_policy: SwitchPolicy = UNLIMITED_SWITCHES
    max_duration: timedelta | None = None
    max_setup_duration: timedelta | None = None
    failure_codes: Mapping[int, int] = field(default_factory=dict)
    """Replaced failure codes of the caller's side (SIG-23); key 0 is any other code."""
    explanation_id: str = ""


@dataclass(frozen=True, slots=True)
class Unroutable:
    """The call goes nowhere, by routing's decision."""

    reason: CallEndReason
    status: int
    explanation: str
    numbers: Numbers = NO_NUMBERS
    account: str = ""
    payer: EndpointKind | None = None
    failure_codes: Mapping[int, int] = field(default_factory=dict)
    explanation_id: str = ""
    leg_a: LegPolicy = DEFAULT_POLICY


@dataclass(frozen=True, slots=True)
class NextCandidate:
    """Book a failed attempt and ask for the next way (RTE-09)."""

    call_id: str
    failed: Attempt


@dataclass(frozen=True, slots=True)
class NextFound:
    """The next candidate; it has its seat."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No candidate is left."""

    reason: CallEndReason
    status: int
    explanation: str


@dataclass(frozen=True, slots=True)
class Release:
    """Give back every seat of a call and book its outcome."""

    call_id: str
    last: Attempt | None
    talk: timedelta


@dataclass(frozen=True, slots=True)
class Released:
    """The seats are free."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Who holds seats in one live call."""

    call_id: str
    caller: Endpoint | None
    """None for a call that a phone passed on, which takes no line of the phone."""
    callee: Endpoint | None


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """What this instance knows about a routing gateway (SIG-02, SIG-14, SIG-16)."""

    name: str
    reachable: bool | None = None
    """None where it is neither probed nor registered at from here."""
    published: int | None = None
    """Calls at once it published that it can take."""
    publish_time: float | None = None
    """When it said so last, UNIX seconds; with nothing published it took that back."""


class RoutingService(Protocol):
    """Numbers, candidates and seats. Every method raises `ServiceError`."""

    async def route(self, question: Route) -> Routed | Unroutable:
        """Decide where a call goes."""

    async def next_candidate(self, question: NextCandidate) -> NextFound | Exhausted:
        """Book a failure and decide where it goes next."""

    async def release(self, question: Release) -> Released:
        """Free the seats."""

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        """Keep this instance's seats for 30 s; False when they are unknown there."""

    async def announce_seats(self, instance: str, epoch: str, seats: list[Seat]) -> None:
        """Tell a routing that has restarted which seats are taken."""

    async def report_gateways(self, instance: str, reports: Sequence[GatewayReport]) -> None:
        """Tell all that is known about gateways; it holds for 30 s."""
