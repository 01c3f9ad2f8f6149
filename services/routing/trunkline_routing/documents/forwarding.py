"""When a phone passes its calls on, and to whom (SIG-22)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from trunkline_kernel.documents import Spec

from .fields import Distinct
from .periods import Period

ForwardNumber = Annotated[str, Field(pattern=r"^[0-9*#+]{1,32}$")]
"""A number as the phone would dial it."""


class Method(StrEnum):
    """How the numbers of a target are called."""

    SEQUENTIAL = "sequential"
    RANDOM = "random"
    """One after the other, in an order that is drawn for each call."""
    SIMULTANEOUS = "simultaneous"
    """All at once; the first that answers has the call."""


class CallerDisplay(StrEnum):
    """Whose number is shown where a call is passed on (SIG-21, SIG-22)."""

    ORIGINAL = "original"
    LOCAL = "local"
    """The phone's that passes it on."""


class Transfer(Spec):
    """Whether a phone may transfer its calls (SIG-21)."""

    allowed: bool = False
    display: CallerDisplay | None = None
    """Unset: SS_CALL_TRANSFER_NORMAL_DISPLAY."""
    consult_display: CallerDisplay | None = None
    """Of calls that the phone makes while it keeps somebody on hold. Unset:
    SS_CALL_TRANSFER_ASK_DISPLAY."""


class ForwardTarget(Spec):
    """Where calls are passed on to."""

    numbers: Annotated[Distinct[ForwardNumber], Field(min_length=1, max_length=10)]
    method: Method = Method.SEQUENTIAL
    alert: Annotated[int, Field(ge=1, le=600)] | None = None
    """Seconds a number rings before the next is called; the last one rings on. Unset:
    SS_SIP_TIMEOUT_RINGING."""


class PeriodForward(ForwardTarget, Period):
    """A target that holds at some hours of some days."""


class NoAnswerForward(ForwardTarget):
    """A target for calls that the phone leaves ringing for `alert` seconds."""


class Forwarding(Spec):
    """The targets, in the order in which they are looked at. Do not disturb comes before them."""

    unconditional: ForwardTarget | None = None
    periods: tuple[PeriodForward, ...] = ()
    """The first that holds counts."""
    offline: ForwardTarget | None = None
    busy: ForwardTarget | None = None
    no_answer: NoAnswerForward | None = None
    display: CallerDisplay | None = None
    """Unset: SS_CALL_FORWARD_DISPLAY."""

    @property
    def follows_failure(self) -> bool:
        """Whether a call that the phone does not take may go on."""
        return any((self.offline, self.busy, self.no_answer))
