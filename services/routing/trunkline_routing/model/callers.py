"""Those who call in, mapping gateways and phones alike, as decisions see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ..documents.fields import CallLevel, ListMode, OnOff
from ..documents.forwarding import CallerDisplay, Forwarding, ForwardTarget
from ..documents.identity import PhoneIdentity
from ..documents.mapping_gateway import (
    CalleeSource,
    CallerSource,
    LrnPolicy,
    MappingGatewaySpec,
    RoutePolicy,
)
from ..documents.phone import Lock, PhoneSpec
from ..documents.policies import Duration, MediaPolicy, SipPolicy
from ..numbers.dialplan import DialPlan
from ..numbers.pipeline import Rules
from .checks import NumberChecks
from .draws import WeightedPrefixes
from .limits import Limits, compile_limits
from .schedule import Timetable, compile_span

LEVELS: Final = {
    CallLevel.NETWORK: 1,
    CallLevel.LOCAL: 2,
    CallLevel.DOMESTIC: 4,
    CallLevel.INTERNATIONAL: 5,
}
"""Permission levels as rates number them (BIL-01)."""


class Kind(StrEnum):
    """Kinds of objects that call or are called; the words are their documents' kinds."""

    MAPPING_GATEWAY = "MappingGateway"
    ROUTING_GATEWAY = "RoutingGateway"
    PHONE = "Phone"
    BOUND_NUMBER = "BoundNumber"
    """Pays for calls only."""


class Endpoint(NamedTuple):
    """One object by its kind and name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class Claim(NamedTuple):
    """A seat that is wanted, and the limits that may refuse it. None is no limit."""

    key: str
    limit: int | None = None
    per_second: int | None = None
    left_free: int = 0
    """Seats of `limit` that must be left before this one is taken (RTE-22)."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Caller:
    """One who calls in."""

    endpoint: Endpoint
    account: str
    locked: bool
    level: int
    """Highest permission that a rate may demand of its calls (AUT-19)."""
    claims: tuple[Claim, ...]
    caller_source: CallerSource
    callee_source: CalleeSource | None
    """None leaves it to the parameter (SIG-13)."""
    rules: Rules
    checks: NumberChecks
    groups: frozenset[str]
    groups_are_open: bool
    """Whether `groups` are the ones it may use, or the ones it may not."""
    route_policy: RoutePolicy
    limits: Limits | None
    lrn: LrnPolicy
    proportional: WeightedPrefixes
    phones_pay: bool
    bound_numbers_pay: bool
    media: MediaPolicy
    sip: SipPolicy
    duration: Duration
    setup_timeout: int | None
    failure_codes: Mapping[int, int]
    quality: OnOff
    own_number: str | None = None
    """The caller that is shown and billed, whatever the headers say; a phone's."""
    forward_display: CallerDisplay | None = None
    transfer_display: CallerDisplay | None = None
    consult_display: CallerDisplay | None = None
    may_transfer: bool = False

    def may_use(self, groups: frozenset[str]) -> bool:
        """Say whether a gateway of `groups` is open to it (RTE-07)."""
        if not self.groups:
            return True
        return groups.isdisjoint(self.groups) != self.groups_are_open


@dataclass(frozen=True, slots=True, eq=False)
class Phone:
    """One who is called by a number of the platform."""

    endpoint: Endpoint
    account: str
    closed: bool
    callee_pays: bool
    do_not_disturb: bool
    may_transfer: bool
    forwarding: Forwarding
    periods: Timetable[ForwardTarget]
    """When calls are passed on, whoever could answer them."""
    claims: tuple[Claim, ...]
    rules: Rules
    display: str
    """Number that stands for its own where it calls through a mapping gateway."""
    identity: PhoneIdentity
    media: MediaPolicy
    sip: SipPolicy
    duration: Duration


def compile_mapping_gateway(name: str, spec: MappingGatewaySpec) -> Caller:
    """Return what decisions need of a MappingGateway."""
    endpoint = Endpoint(Kind.MAPPING_GATEWAY, name)
    numbers = spec.numbers
    return Caller(
        endpoint=endpoint,
        account=spec.account,
        locked=spec.locked,
        level=LEVELS[spec.call_level],
        claims=(Claim(str(endpoint), spec.capacity.calls, spec.capacity.calls_per_second),),
        caller_source=numbers.caller_source,
        callee_source=numbers.callee_source,
        rules=Rules(
            DialPlan.parse(numbers.caller_dial_plan),
            DialPlan.parse(numbers.callee_dial_plan),
            numbers.caller_transform,
            numbers.callee_transform,
            frozenset(numbers.mobile_areas),
        ),
        checks=NumberChecks(spec.checks),
        groups=frozenset(spec.routing_groups.groups),
        groups_are_open=spec.routing_groups.mode is ListMode.ALLOW,
        route_policy=spec.route_policy,
        limits=compile_limits(spec.profit),
        lrn=spec.lrn,
        proportional=WeightedPrefixes(numbers.proportional_prefixes),
        phones_pay=spec.phones_pay,
        bound_numbers_pay=spec.bound_numbers_pay,
        media=spec.media,
        sip=spec.sip,
        duration=spec.duration,
        setup_timeout=spec.setup_timeout,
        failure_codes={code.source or 0: code.target or 0 for code in spec.failure_codes},
        quality=spec.quality,
    )


def compile_calling_phone(name: str, spec: PhoneSpec) -> Caller:
    """Return what decisions need of a Phone that calls."""
    endpoint = Endpoint(Kind.PHONE, name)
    return Caller(
        endpoint=endpoint,
        account=spec.account,
        locked=spec.locked in (Lock.OUT, Lock.ALL),
        level=LEVELS[spec.call_level],
        claims=(
            Claim(f"{endpoint} outgoing", spec.lines.outgoing),
            Claim(str(endpoint), spec.lines.total),
        ),
        caller_source=CallerSource.FROM,
        callee_source=CalleeSource.REQUEST_URI,
        rules=Rules(callee_plan=DialPlan.parse(spec.numbers.callee_dial_plan)),
        checks=NumberChecks(spec.checks),
        groups=frozenset(spec.routing_groups.groups),
        groups_are_open=spec.routing_groups.mode is ListMode.ALLOW,
        route_policy=spec.route_policy,
        limits=compile_limits(spec.profit),
        lrn=spec.lrn,
        proportional=WeightedPrefixes(()),
        phones_pay=False,
        bound_numbers_pay=False,
        media=spec.media,
        sip=spec.sip,
        duration=spec.duration,
        setup_timeout=None,
        failure_codes={},
        quality=OnOff.OFF,
        own_number=spec.numbers.display or name,
        forward_display=spec.forwarding.display,
        transfer_display=spec.transfer.display,
        consult_display=spec.transfer.consult_display,
        may_transfer=spec.transfer.allowed,
    )


def compile_called_phone(name: str, spec: PhoneSpec) -> Phone:
    """Return what decisions need of a Phone that is called."""
    endpoint = Endpoint(Kind.PHONE, name)
    return Phone(
        endpoint=endpoint,
        account=spec.account,
        closed=spec.locked in (Lock.IN, Lock.ALL),
        callee_pays=spec.callee_pays,
        do_not_disturb=spec.do_not_disturb,
        may_transfer=spec.transfer.allowed,
        forwarding=spec.forwarding,
        periods=Timetable((compile_span(each), each) for each in spec.forwarding.periods),
        claims=(
            Claim(f"{endpoint} incoming", spec.lines.incoming),
            Claim(str(endpoint), spec.lines.total),
        ),
        rules=Rules(
            DialPlan.parse(spec.numbers.incoming_caller_dial_plan),
            DialPlan.parse(spec.numbers.incoming_callee_dial_plan),
        ),
        display=spec.numbers.display,
        identity=spec.identity,
        media=spec.media,
        sip=spec.sip,
        duration=spec.duration,
    )
