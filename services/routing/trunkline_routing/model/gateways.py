"""Routing gateways and their groups, as decisions see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from ..documents.fields import ListMode, Transport, parse_address
from ..documents.routing_gateway import (
    CostPolicy,
    PrefixMode,
    Protocol,
    Registration,
    RoutingGatewaySpec,
)
from ..numbers.dialplan import DialPlan
from ..numbers.pipeline import Rules
from .callers import Claim, Endpoint, Kind
from .checks import NumberChecks
from .draws import NumberPool
from .limits import Limits, compile_limits
from .prefixes import PrefixIndex
from .schedule import Timetable, compile_span


class Target(NamedTuple):
    """Where an INVITE can be sent; port 0 is left to DNS."""

    host: str
    port: int
    transport: Transport


class Plans(NamedTuple):
    """Dial plans that replace a gateway's own for a time (RTE-21)."""

    caller: DialPlan
    callee: DialPlan


@dataclass(frozen=True, slots=True)
class Restriction:
    """Callees that may pass, or that may not, for a time (RTE-21)."""

    mode: ListMode
    index: PrefixIndex[None]

    def objects(self, callee: str) -> bool:
        """Say whether this keeps `callee` off the gateway."""
        listed = self.index.longest(callee) is not None
        return listed == (self.mode is ListMode.DENY)


@dataclass(frozen=True, slots=True)
class Control:
    """Everything of a gateway that depends on the time."""

    capacity: Timetable[int] = field(default_factory=Timetable)
    plans: Timetable[Plans] = field(default_factory=Timetable)
    restrictions: Timetable[Restriction] = field(default_factory=Timetable)
    priorities: Timetable[int] = field(default_factory=Timetable)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Routing gateways that share a limit."""

    name: str
    limit: int | None = None

    @property
    def key(self) -> str:
        """Under which its seats are counted."""
        return f"GatewayGroup/{self.name}"


class Cost(NamedTuple):
    """What role the vendor's price plays (RTE-15 to RTE-19)."""

    check_rate: bool
    least_cost: bool
    """Whether it takes part in the order by cost, which needs the rate check (RTE-16)."""
    per_second: bool
    charge_sent_number: bool
    limits: Limits | None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class RoutingGateway:
    """One vendor's side. `spec` keeps what is only carried along."""

    endpoint: Endpoint
    name: str
    key: str
    """Under which its seats are counted."""
    spec: RoutingGatewaySpec
    account: str | None
    cost: Cost
    targets: tuple[Target, ...]
    prefixes: tuple[str, ...]
    continual: bool
    priority: int
    limit: int | None
    groups: frozenset[str]
    claims: tuple[Claim, ...]
    rules: Rules
    identity_plan: DialPlan
    checks: NumberChecks
    control: Control | None
    pool: NumberPool
    peers: frozenset[str]
    """Addresses as written, to recognise a call that came from it."""
    presumed_reachable: bool
    """Whether it can be reached as far as nobody says otherwise: not where we register."""

    @property
    def barred(self) -> str | None:
        """Why it can never be a candidate, or nothing."""
        if self.spec.locked:
            return "it is locked"
        if self.spec.protocol is Protocol.H323:
            return "protocol limit: H.323 is not routable"
        return None


def compile_routing_gateway(
    name: str, spec: RoutingGatewaySpec, groups: dict[str, Group]
) -> RoutingGateway:
    """Return what decisions need of a RoutingGateway; `groups` holds those it names."""
    endpoint = Endpoint(Kind.ROUTING_GATEWAY, name)
    addresses = [parse_address(text) for text in spec.addresses]
    numbers = spec.numbers
    return RoutingGateway(
        endpoint=endpoint,
        name=name,
        key=str(endpoint),
        spec=spec,
        account=spec.account,
        cost=_cost(spec.cost),
        targets=tuple(Target(each.host, each.port, spec.transport) for each in addresses),
        prefixes=spec.prefixes,
        continual=spec.prefix_mode is PrefixMode.CONTINUAL,
        priority=spec.priority,
        limit=spec.capacity.calls,
        groups=frozenset(spec.groups),
        claims=_claims(endpoint, spec, groups),
        rules=Rules(
            DialPlan.parse(numbers.caller_dial_plan),
            DialPlan.parse(numbers.callee_dial_plan),
            numbers.caller_transform,
            numbers.callee_transform,
            frozenset(numbers.mobile_areas),
        ),
        identity_plan=DialPlan.parse(numbers.asserted_identity_plan),
        checks=NumberChecks(spec.checks),
        control=_control(spec),
        pool=NumberPool(numbers.caller_pool),
        peers=frozenset(each.host for each in addresses),
        presumed_reachable=spec.registration is not Registration.PEER,
    )


def _claims(
    endpoint: Endpoint, spec: RoutingGatewaySpec, groups: dict[str, Group]
) -> tuple[Claim, ...]:
    capacity = spec.capacity
    own = Claim(str(endpoint), capacity.calls, capacity.calls_per_second)
    shared = [
        Claim(group.key, group.limit, left_free=capacity.reserved_lines)
        for name in spec.groups
        if (group := groups.get(name))
    ]
    return (own, *shared)


def _cost(policy: CostPolicy) -> Cost:
    return Cost(
        check_rate=policy.check_rate,
        least_cost=policy.least_cost and policy.check_rate,
        per_second=policy.per_second,
        charge_sent_number=policy.charge_sent_number,
        limits=compile_limits(policy),
    )


def _control(spec: RoutingGatewaySpec) -> Control | None:
    periods = spec.periods
    if not (periods.capacity or periods.dial_plans or periods.restrictions or periods.priorities):
        return None
    return Control(
        capacity=Timetable((compile_span(entry), entry.calls) for entry in periods.capacity),
        plans=Timetable(
            (
                compile_span(entry),
                Plans(
                    DialPlan.parse(entry.caller_dial_plan), DialPlan.parse(entry.callee_dial_plan)
                ),
            )
            for entry in periods.dial_plans
        ),
        restrictions=Timetable(
            (
                compile_span(entry),
                Restriction(entry.mode, PrefixIndex((each, None) for each in entry.prefixes)),
            )
            for entry in periods.restrictions
        ),
        priorities=Timetable((compile_span(entry), entry.priority) for entry in periods.priorities),
    )
