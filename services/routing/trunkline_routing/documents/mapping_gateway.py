"""MappingGateway: a customer's side, which sends calls in (features 0.7).

Auth keeps its `access`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator
from trunkline_kernel.documents import Ref, Spec

from .checks import Checks
from .fields import (
    CallLevel,
    Calls,
    Distinct,
    ListMode,
    Name,
    OnOff,
    PlanText,
    Prefix,
    SipFailure,
)
from .policies import Duration, MediaPolicy, SipPolicy
from .profit import ProfitLimits
from .stored import H323Policy


class CallerSource(StrEnum):
    """Header that names the caller (SIG-20)."""

    FROM = "from"
    REMOTE_PARTY_ID = "remotePartyId"
    DISPLAY = "display"
    ASSERTED_IDENTITY = "assertedIdentity"
    PREFERRED_IDENTITY = "preferredIdentity"


class CalleeSource(StrEnum):
    """Header that names the callee (SIG-20)."""

    TO = "to"
    REQUEST_URI = "requestUri"
    DIVERSION = "diversion"


class ProportionalPrefix(Spec):
    """A prefix put before the callee, for routing only, in its share of the calls (RTE-27)."""

    proportion: Annotated[int, Field(ge=1, le=1_000_000)]
    prefix: Prefix


class MappingNumbers(Spec):
    """How the two numbers are found and rewritten on their way in (RTE-02)."""

    caller_source: CallerSource = CallerSource.FROM
    callee_source: CalleeSource | None = None
    """Unset: To, or Request-URI where SS_SIP_ROUTING_GATEWAY_INVITE_USE_CONTACT is on (SIG-13)."""
    caller_dial_plan: PlanText = ""
    callee_dial_plan: PlanText = ""
    caller_transform: bool = False
    callee_transform: bool = False
    mobile_areas: Distinct[Prefix] = ()
    proportional_prefixes: tuple[ProportionalPrefix, ...] = ()


class Capacity(Spec):
    """Calls at once and new calls a second; unset means no limit."""

    calls: Calls | None = None
    calls_per_second: Annotated[int, Field(ge=1, le=100_000)] | None = None


class GroupRestriction(Spec):
    """Groups of routing gateways that may be used, or that may not. Empty: all may."""

    mode: ListMode = ListMode.ALLOW
    groups: Annotated[Distinct[Name], Ref("GatewayGroup")] = ()


class SortKey(StrEnum):
    """What a caller's side may sort candidates by before their load (RTE-07)."""

    NONE = "none"
    ANSWER_RATIO = "answerRatio"
    LOWEST_RATE = "lowestRate"


class RoutePolicy(Spec):
    """Sort keys of the caller's side; unless both are none they replace the parameters' places."""

    first: SortKey = SortKey.NONE
    second: SortKey = SortKey.NONE


class LrnPolicy(Spec):
    """Number portability for calls from here (RTE-23)."""

    enabled: bool = False
    eat_prefix_length: Annotated[int, Field(ge=0, le=16)] = 0
    """Digits in front of the ten that are asked about."""
    reject_on_failure: bool = True
    """Otherwise the call goes on as if the number was not ported."""
    interstate_prefix: Prefix = ""
    """Put before the number that is billed when both sides are in different states."""
    undetermined_prefix: Prefix = ""
    """Put before the number that is billed when a state is unknown."""


class FailureCode(Spec):
    """A status that is replaced before the caller sees it (SIG-23)."""

    source: Annotated[int, Field(ge=400, le=699)] | None = None
    """Unset: any other status."""
    target: Annotated[SipFailure, Field(ge=400)] | None = None
    """Unset: it is not replaced."""


class MappingGatewaySpec(Spec):
    """Routing's part of a MappingGateway."""

    account: Annotated[Name, Ref("Account")]
    locked: bool = False
    call_level: CallLevel = CallLevel.INTERNATIONAL
    capacity: Capacity = Capacity()
    routing_groups: GroupRestriction = GroupRestriction()
    numbers: MappingNumbers = MappingNumbers()
    checks: Checks = Checks()
    phones_pay: bool = False
    """Whether a caller that is a phone of this platform pays by its own account (BIL-04)."""
    bound_numbers_pay: bool = False
    """Whether a caller that is a bound number, and not such a phone, pays by that account."""
    route_policy: RoutePolicy = RoutePolicy()
    profit: ProfitLimits = ProfitLimits()
    lrn: LrnPolicy = LrnPolicy()
    media: MediaPolicy = MediaPolicy()
    sip: SipPolicy = SipPolicy()
    duration: Duration = Duration()
    h323: H323Policy = H323Policy()
    setup_timeout: Annotated[int, Field(ge=0, le=3600)] | None = None
    """Longest time before the answer in seconds; 0 is no limit, unset the parameter (SIG-10)."""
    failure_codes: tuple[FailureCode, ...] = ()
    quality: OnOff = OnOff.DEFAULT
    memo: Annotated[str, Field(max_length=1024)] = ""

    @model_validator(mode="after")
    def _sources_are_distinct(self) -> Self:
        sources = [code.source for code in self.failure_codes]
        if len(set(sources)) != len(sources):
            raise ValueError("failureCodes: each source may stand once")
        return self
