"""Reservations: money held for a call in progress, as a lease that follows it (BIL-06)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ..cdrs.cdr import NOBODY, Party
from ..money import ZERO, Currency
from ..packages.package import GiftPart
from ..rating.deck import CallLevel
from ..rating.tariff import NOTHING, RatingRules, Tariff
from ..reasons import BillingMode


@dataclass(frozen=True, slots=True)
class CallStart:
    """What is known of a call when it asks for money."""

    call_id: str
    signaling_instance: str
    account: str
    caller: str
    callee: str
    """Number as billed: digits without a plus."""
    setup_time: datetime
    billing_mode: BillingMode = BillingMode.MAPPING_GATEWAY
    endpoint: Party = NOBODY
    callee_account: str = ""
    """Account of the called phone, when a phone is called (BIL-07)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Who pays for a call at which rate, fixed when it starts."""

    account: str
    currency: Currency
    rate_group: str
    prefix: str
    tariff: Tariff
    level: CallLevel
    holder: str = ""
    """The account's holder, in words."""


@dataclass(slots=True)
class Hold:
    """What one account holds back for the call."""

    terms: Terms
    amount: Decimal = ZERO
    gifts: tuple[GiftPart, ...] = ()
    """Package time held for the call (BIL-15); the payer's only."""


@dataclass(slots=True)
class Reservation:
    """A call in progress as billing knows it."""

    start: CallStart
    holds: tuple[Hold, ...]
    """The payer's, then its agents', nearest first."""
    rating: RatingRules
    advance: timedelta
    max_talk: timedelta | None
    """Longest talk the money allowed at the start. None: without limit."""
    granted: timedelta | None
    """Talk that is paid for by what is held. None: without limit."""
    lease_until: datetime
    end_at: timedelta | None = None
    """Talk at which the call was last told to end for lack of money."""
    proven: timedelta = NOTHING
    """Talk the last Extend proved."""
    answered_at: datetime | None = None

    @property
    def call_id(self) -> str:
        """The call's id."""
        return self.start.call_id
