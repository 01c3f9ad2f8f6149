"""The CDR: one per call, answered or not (BIL-10).

`Call` is what signaling reports; `Cdr` adds what billing found. What only readers need (attempts,
media statistics) travels as JSON objects in `extension` and is not looked into here.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from ..money import ZERO, Currency
from ..rating.tariff import Tariff
from ..reasons import BillingMode, CallEndReason, EndDirection

NOTHING: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Party:
    """A configured object a call came from or went to: its kind, name and address."""

    kind: int = 0
    """0 unknown, 1 mapping gateway, 2 routing gateway, 3 phone."""
    name: str = ""
    ip: str = ""
    port: int = 0


class Numbers(NamedTuple):
    """A number in its three forms: as received, as billed, as sent to the last gateway."""

    access: str = ""
    billed: str = ""
    to_gateway: str = ""


NOBODY: Final = Party()
NO_NUMBERS: Final = Numbers()


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call as its owner reports it."""

    call_id: str
    setup_time: datetime
    end_time: datetime
    answer_time: datetime | None
    end_direction: EndDirection
    end_reason: CallEndReason
    account: str = ""
    """Payer. Empty when the call was refused before one was found."""
    billing_mode: BillingMode | None = None
    clearing_account: str = ""
    clearing_callee: str = ""
    """Number the vendor bills. Empty: the number billed to the payer."""
    caller: Numbers = NO_NUMBERS
    callee: Numbers = NO_NUMBERS
    caller_party: Party = NOBODY
    callee_party: Party = NOBODY
    signaling_instance: str = ""
    sip_status: int = 0
    sip_call_id: str = ""
    explanation_id: str = ""
    recovered_by: str = ""
    codecs: tuple[str, ...] = ()
    extension: dict[str, object] = field(default_factory=dict)
    """Attempts and media statistics as JSON."""

    @property
    def talk(self) -> timedelta:
        """Time from answer to release; nothing for a call that was never answered."""
        if self.answer_time is None:
            return NOTHING
        return max(self.end_time - self.answer_time, NOTHING)

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """The call's attempts in order, as the proto's JSON has them: what is zero is left out."""
        attempts = self.extension.get("attempts", [])
        assert isinstance(attempts, list)
        return attempts


@dataclass(frozen=True, slots=True)
class Share:
    """What one account pays for the call, at which rate."""

    account: str
    currency: Currency
    fee: Decimal
    fee_time: timedelta
    gift_time: timedelta
    rate_group: str
    prefix: str
    level: int = 0
    holder: str = ""
    """The account's holder, in words."""
    gift_value: Decimal = ZERO
    """What the gift time would have cost."""
    tariff: Tariff | None = field(default=None, compare=False)
    """What was charged by, known when the call is settled; not stored."""


@dataclass(frozen=True, slots=True)
class Cdr:
    """A call with what it cost everybody."""

    call: Call
    hold_time: timedelta
    settled_at: datetime
    payer: Share | None = None
    """None when nobody was charged."""
    agents: tuple[Share, ...] = ()
    """Agents above the payer, nearest first."""
    vendor: Share | None = None
