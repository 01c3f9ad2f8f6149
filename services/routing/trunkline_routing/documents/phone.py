"""Phone: a subscriber with a number, which calls and is called (features 0.7).

The document's name is the number. Auth keeps its `access`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Ref, Spec

from .checks import Checks
from .fields import CallLevel, Calls, Name, PlanText
from .forwarding import Forwarding, Transfer
from .identity import PhoneIdentity
from .mapping_gateway import GroupRestriction, LrnPolicy, RoutePolicy
from .policies import Duration, MediaPolicy, SipPolicy
from .profit import ProfitLimits
from .stored import VoiceMail


class Lock(StrEnum):
    """Directions in which a phone may not call (AUT-19)."""

    NONE = "none"
    OUT = "out"
    IN = "in"
    ALL = "all"


class Lines(Spec):
    """Calls at once; unset means no limit."""

    outgoing: Calls | None = None
    incoming: Calls | None = None
    total: Calls | None = None


class PhoneNumbers(Spec):
    """How numbers are rewritten on calls from and to the phone (RTE-02)."""

    callee_dial_plan: PlanText = ""
    """For the number it dials."""
    incoming_callee_dial_plan: PlanText = ""
    incoming_caller_dial_plan: PlanText = ""
    display: Annotated[str, Field(pattern=r"^[0-9*#+]{0,32}$")] = ""
    """Number shown instead of its own."""


class PhoneSpec(Spec):
    """Routing's part of a Phone."""

    account: Annotated[Name, Ref("Account")]
    locked: Lock = Lock.NONE
    call_level: CallLevel = CallLevel.INTERNATIONAL
    lines: Lines = Lines()
    numbers: PhoneNumbers = PhoneNumbers()
    identity: PhoneIdentity = PhoneIdentity()
    checks: Checks = Checks()
    routing_groups: GroupRestriction = GroupRestriction()
    route_policy: RoutePolicy = RoutePolicy()
    profit: ProfitLimits = ProfitLimits()
    lrn: LrnPolicy = LrnPolicy()
    callee_pays: bool = False
    """Whether its own account pays for calls to it (BIL-04)."""
    do_not_disturb: bool = False
    forwarding: Forwarding = Forwarding()
    transfer: Transfer = Transfer()
    media: MediaPolicy = MediaPolicy()
    sip: SipPolicy = SipPolicy()
    duration: Duration = Duration()
    voice_mail: VoiceMail = VoiceMail()
    memo: Annotated[str, Field(max_length=1024)] = ""
