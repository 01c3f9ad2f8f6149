"""The billing parameters as the deciders see them. A call keeps those it started with (0.3.5)."""

from dataclasses import dataclass
from datetime import timedelta

from ..rating.tariff import DEFAULT_RULES, NOTHING, RatingRules


@dataclass(frozen=True, slots=True)
class Rules:
    """Values in force now."""

    rating: RatingRules = DEFAULT_RULES
    advance: timedelta = NOTHING
    """Talk held ahead of every call; SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME (BIL-06)."""
    verify_callee_money: bool = True
    """SERVER_PHONE_AS_CALLEE_MONEY_VERIFY (BIL-07)."""
    no_billing_to_phone: bool = False
    """SS_NO_BILLING_TO_PHONE (BIL-04)."""
    record_zero_hold_time: bool = True
    """SERVER_BILLING_RECORD_ZERO_HOLD_TIME (BIL-10)."""
    record_server_hang_up: bool = True
    """SERVER_BILLING_RECORD_SERVER_HANG_UP (BIL-10)."""
    record_illegal_call: bool = False
    """SERVER_BILLING_RECORD_ILLEGAL_CALL (BIL-10)."""
    outputs: tuple[str, ...] = ()
    """Where recorded CDRs are delivered to (BIL-11, BIL-12)."""
    notify: bool = False
    """Whether payments are told to the outside; OUT_POST_URL (MGT-14)."""
    default_life: timedelta = timedelta(days=3650)
    """SERVER_ACCOUNT_DEFAULT_VALID_DAYS (BIL-03)."""
    lease: timedelta = timedelta(seconds=120)
    """How long a reservation lives without a sign of its call."""
