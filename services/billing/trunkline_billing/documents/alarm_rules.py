"""The kind AlarmRule (MGT-13)."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator
from trunkline_kernel.documents import Spec

from ..alarms.alarm import AlarmType, Level
from ..alarms.rules import EVERY, AlarmRule
from .accounts import ExactAmount

WATCHED: Final = {
    "accountBalance": AlarmType.ACCOUNT_BALANCE,
    "gatewayAsr": AlarmType.GATEWAY_ASR,
    "gatewayAcd": AlarmType.GATEWAY_ACD,
    "longCall": AlarmType.LONG_CALL,
    "pendingCdrs": AlarmType.PENDING_CDRS,
}


class AlarmRuleSpec(Spec):
    """Limits whose crossing is an alarm."""

    watch: Literal["accountBalance", "gatewayAsr", "gatewayAcd", "longCall", "pendingCdrs"]
    """What is read: money of an account, answers of a routing gateway in percent, its mean talk in
    seconds, the age of an account's calls in seconds, CDRs that an output owes."""
    object: Annotated[str, Field(min_length=1)] = EVERY
    """Account, gateway or output (file, push, stream). "*" is every one without its own."""
    lower: ExactAmount | None = None
    """It is an alarm below this."""
    upper: ExactAmount | None = None
    """It is an alarm above this."""
    level: Literal["general", "minor", "major", "urgent"] = "major"
    checks: Annotated[int, Field(ge=1, le=100)] = 2
    """Checks in a row, 15 s apart, that must find it."""
    minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    """How far back calls count, of answer ratios and mean talk."""
    minimum_calls: Annotated[int, Field(ge=1)] = 20
    """Attempts, or answers, below which a ratio says nothing."""

    @model_validator(mode="after")
    def _require_limit(self) -> "AlarmRuleSpec":
        if self.lower is None and self.upper is None:
            raise ValueError("expected lower, upper or both")
        return self


def alarm_rule_of(spec: AlarmRuleSpec) -> AlarmRule:
    """Return the rule a document describes."""
    return AlarmRule(
        type=WATCHED[spec.watch],
        subject=spec.object,
        lower=spec.lower,
        upper=spec.upper,
        level=Level[spec.level.upper()],
        patience=spec.checks,
        window=timedelta(minutes=spec.minutes),
        least=spec.minimum_calls,
    )
