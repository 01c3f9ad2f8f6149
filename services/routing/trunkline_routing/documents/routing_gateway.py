"""RoutingGateway: a vendor's side, which calls are sent to (features 0.7)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, AliasChoices, Field, field_validator, model_validator
from trunkline_kernel.documents import SECRET, Ref, Spec

from .checks import Checks
from .fields import (
    AddressText,
    Calls,
    Distinct,
    HostText,
    Name,
    OnOff,
    PlanText,
    Prefix,
    Seconds,
    SipFailure,
    Switch,
    Transport,
    domain_in,
    parse_address,
)
from .identity import IdentityPolicy
from .mapping_gateway import Capacity
from .periods import Periods
from .policies import Duration, MediaPolicy, SipPolicy
from .profit import ProfitLimits
from .stored import H323Policy

_POOL: Final = re.compile(r"(\d{1,32})(?:-(\d{1,32}))?\Z")


class PrefixMode(StrEnum):
    """Whether the search goes on with shorter prefixes behind this gateway (RTE-08)."""

    TERMINAL = "terminal"
    CONTINUAL = "continual"


class Registration(StrEnum):
    """How the gateway is reached."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    """It registers here."""
    PEER = "peer"
    """We register there."""
    IMS = "ims"
    """It is an IMS edge: dynamic in this release (MGT-16)."""


class Protocol(StrEnum):
    """What it speaks. H.323 is stored and never chosen (SIG-28)."""

    SIP = "sip"
    H323 = "h323"


class VendorCapacity(Capacity):
    """Capacity of a vendor's side."""

    reserved_lines: Calls = 0
    """Lines of its groups that it leaves to other members (RTE-22)."""


def _pool_entry(text: str) -> str:
    match = _POOL.match(text)
    if not match:
        raise ValueError(f"{text!r}: expected a number or a range low-high")
    low, high = match[1], match[2] or match[1]
    if len(low) != len(high) or low > high:
        raise ValueError(f"{text!r}: a range runs upwards between numbers of one width")
    return text


class RoutingNumbers(Spec):
    """How the two numbers are rewritten on their way out (RTE-02)."""

    caller_dial_plan: PlanText = ""
    callee_dial_plan: PlanText = ""
    asserted_identity_plan: PlanText = ""
    caller_transform: bool = False
    callee_transform: bool = False
    mobile_areas: Distinct[Prefix] = ()
    caller_pool: Distinct[Annotated[str, AfterValidator(_pool_entry)]] = ()
    """Numbers and ranges of which one replaces the caller in each attempt (RTE-26)."""
    portability: bool = False
    """Whether the Request-URI of a ported number carries rn and npdi (RTE-23)."""


class Timeouts(Spec):
    """Waits of one attempt in seconds; 0 means the parameter (SIG-09, SIG-10)."""

    invite: Seconds = 0
    trying: Seconds = 0
    session_progress: Seconds = 0
    session_progress_sdp: Seconds = 0
    ringing: Seconds = 0


class ErrorCodes(Spec):
    """Failures that end the search, or that never do (RTE-09)."""

    mode: Switch = Switch.DEFAULT
    codes: Distinct[SipFailure] = ()

    @model_validator(mode="after")
    def _codes_have_a_mode(self) -> Self:
        if bool(self.codes) != (self.mode is not Switch.DEFAULT):
            raise ValueError("expected a mode of allow or forbid together with codes")
        return self


class Switching(Spec):
    """Whether the search may go on after this gateway (RTE-09 to RTE-12, SIG-09)."""

    after_ringing: Switch = Switch.DEFAULT
    after_sdp: Switch = Switch.DEFAULT
    after_rtp: Switch = Switch.DEFAULT
    after_busy: Switch = Switch.DEFAULT
    error_codes: ErrorCodes = ErrorCodes()


class CostPolicy(ProfitLimits):
    """What role the vendor's price plays (RTE-15 to RTE-19)."""

    check_rate: bool = False
    least_cost: bool = False
    per_second: bool = False
    """Compare prices by the second instead of by the minute (RTE-17)."""
    charge_sent_number: bool = False
    """Rate the number as sent instead of the billed one (RTE-02)."""


class Credentials(Spec):
    """User name and password for a vendor that challenges."""

    username: Annotated[str, Field(min_length=1, max_length=256)]
    password: Annotated[str, Field(min_length=1, max_length=1024, repr=False), SECRET]
    """Sealed when it is stored."""


class RegisterAs(Spec):
    """As whom we register at a vendor, with `registration: peer` (SIG-02)."""

    user: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_.+~*#-]{1,64}$")] = None
    """User of the address-of-record. Unset: that of the credentials."""
    host: HostText | None = None
    """Host of Request-URI, From and To, in REGISTER and calls. Unset: that of the address."""
    period: Literal["default", "auto"] | Annotated[int, Field(ge=20, le=7200)] = "default"
    """Expiry to ask for in seconds; auto takes what is granted, default is the parameter."""


class RoutingGatewaySpec(Spec):
    """Routing's part of a RoutingGateway."""

    account: Annotated[Name | None, Ref("Account")] = None
    """Clearing account on which cost is booked."""
    addresses: Annotated[
        Distinct[AddressText],
        Field(validation_alias=AliasChoices("addresses", "address")),
        Ref("Domain", within=domain_in, required=False),
    ] = ()
    """In the order of preference; one may be written as `address:`. With `registration: peer` the
    first is where REGISTER goes, too."""
    transport: Transport = Transport.UDP
    registration: Registration = Registration.STATIC
    register_as: RegisterAs = RegisterAs()
    protocol: Protocol = Protocol.SIP
    h323: H323Policy = H323Policy()
    prefixes: Annotated[Distinct[Prefix], Field(min_length=1)] = ("",)
    prefix_mode: PrefixMode = PrefixMode.TERMINAL
    priority: Annotated[int, Field(ge=0, le=65535)] = 100
    """Smaller is tried first."""
    locked: bool = False
    capacity: VendorCapacity = VendorCapacity()
    groups: Annotated[Distinct[Name], Ref("GatewayGroup")] = ()
    numbers: RoutingNumbers = RoutingNumbers()
    checks: Checks = Checks()
    timeouts: Timeouts = Timeouts()
    switching: Switching = Switching()
    identity: IdentityPolicy = IdentityPolicy()
    cost: CostPolicy = CostPolicy()
    credentials: Credentials | None = None
    media: MediaPolicy = MediaPolicy()
    sip: SipPolicy = SipPolicy()
    duration: Duration = Duration()
    periods: Periods = Periods()
    quality: OnOff = OnOff.DEFAULT
    options_check: bool = False
    publish: bool = False
    memo: Annotated[str, Field(max_length=1024)] = ""

    @field_validator("addresses", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.registers and not self.addresses:
            raise ValueError(f"a gateway of registration {self.registration} needs an address")
        registers_there = self.registration is Registration.PEER
        if registers_there and not self.registering_user:
            raise ValueError("registration peer needs credentials or registerAs.user")
        if self.register_as != RegisterAs() and not registers_there:
            raise ValueError("registerAs goes with registration peer")
        if self.cost.check_rate and self.account is None:
            raise ValueError("cost.checkRate needs an account, whose rate group is looked at")
        return self

    @property
    def registers(self) -> bool:
        """Whether it registers here."""
        return self.registration in (Registration.DYNAMIC, Registration.IMS)

    @property
    def registering_user(self) -> str:
        """User of the address-of-record under which we register; empty where nothing names one."""
        named = self.credentials.username if self.credentials else ""
        return self.register_as.user or named

    @property
    def domain(self) -> str:
        """Host of the address-of-record under which we register; empty where we don't."""
        if self.registration is not Registration.PEER:
            return ""
        return self.register_as.host or parse_address(self.addresses[0]).host
