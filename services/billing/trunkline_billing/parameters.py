"""The parameters billing obeys (parameters.csv), and the rules they make."""

from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from trunkline_kernel.parameters import (
    AnyParameter,
    BoolParameter,
    IntParameter,
    Parameters,
    StringParameter,
)

from .cdrs.closed_hours import parse_closed_hours
from .charging.rules import Rules
from .money import Rounding
from .rating.tariff import RatingRules

FREE_TIME: Final = IntParameter(
    "SERVER_BILLING_FREE_TIME",
    default=0,
    minimum=0,
    maximum=3600,
    unit="s",
    scope="server",
    meaning="Seconds taken off the call duration before rating.",
)
HOLD_TIME_PRECISION: Final = IntParameter(
    "SERVER_BILLING_HOLD_TIME_PRECISION",
    default=50,
    minimum=0,
    maximum=999,
    unit="ms",
    scope="server",
    meaning="Fraction of a second from which a call's duration is rounded up, else down."
    " 0 rounds every fraction up.",
)
FEE_PRECISION: Final = IntParameter(
    "SERVER_BILLING_FEE_PRECISION",
    default=2,
    minimum=0,
    maximum=4,
    unit="decimals",
    scope="server",
    aliases=("SERVER_BILLING_FEE_PRECISTION",),
    meaning="Decimal places of charges.",
)
FEE_UNIT: Final = IntParameter(
    "SERVER_BILLING_FEE_UNIT",
    default=1,
    minimum=1,
    maximum=1000,
    unit="smallest units",
    scope="server",
    meaning="Charge rounding step in units of the last decimal place.",
)
ADVANCE_TIME: Final = IntParameter(
    "SERVER_BILLING_PREVENT_OVERDRAFT_ADVANCE_TIME",
    default=0,
    minimum=0,
    maximum=3600,
    unit="s",
    scope="server",
    meaning="Seconds of call reserved in advance so that concurrent calls cannot overdraw an"
    " account. 0 looks at the money once, when a call starts.",
)
CALLEE_MONEY_VERIFY: Final = BoolParameter(
    "SERVER_PHONE_AS_CALLEE_MONEY_VERIFY",
    default=True,
    scope="server",
    meaning="Check the balance of the called phone's account before ringing it.",
)
NO_BILLING_TO_PHONE: Final = BoolParameter(
    "SS_NO_BILLING_TO_PHONE",
    default=False,
    scope="system",
    meaning="Do not charge calls whose far end is a platform phone.",
)
RECORD_ZERO_HOLD_TIME: Final = BoolParameter(
    "SERVER_BILLING_RECORD_ZERO_HOLD_TIME",
    default=True,
    scope="server",
    meaning="Store CDRs with zero duration. Off protects the database under a call flood.",
)
RECORD_SERVER_HANG_UP: Final = BoolParameter(
    "SERVER_BILLING_RECORD_SERVER_HANG_UP",
    default=True,
    scope="server",
    meaning="Store CDRs of calls the server itself ended before routing them.",
)
RECORD_ILLEGAL_CALL: Final = BoolParameter(
    "SERVER_BILLING_RECORD_ILLEGAL_CALL",
    default=False,
    scope="server",
    meaning="Store CDRs of calls from unauthorised sources.",
)
DEFAULT_VALID_DAYS: Final = IntParameter(
    "SERVER_ACCOUNT_DEFAULT_VALID_DAYS",
    default=3650,
    minimum=1,
    maximum=36500,
    unit="days",
    scope="server",
    meaning="Lifetime of an account that names no end.",
)
QUERY_DENY_TIME: Final = StringParameter(
    "SERVER_QUERY_CDR_DENY_TIME",
    default="",
    scope="server",
    check=parse_closed_hours,
    expected="HH:MM-HH:MM with commas between several",
    meaning="Hours of the day, UTC, during which CDR queries are refused to everybody.",
)
QUERY_MAX_DAYS: Final = IntParameter(
    "SERVER_QUERY_CDR_MAX_DAYS",
    default=31,
    minimum=1,
    maximum=366,
    unit="days",
    scope="server",
    meaning="Longest date range of one CDR query.",
)


def _check_url(text: str) -> None:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError


CDR_TO_FILE: Final = BoolParameter(
    "SS_CDR_RECORD_TO_FILE",
    default=False,
    scope="system",
    meaning="Write every CDR to an hourly pipe-separated text file named YYYYMMDDHH.txt.",
)
CDR_FILE_NONCONNECT: Final = BoolParameter(
    "SS_CDR_RECORD_NONCONNECT",
    default=True,
    scope="system",
    meaning="Include calls that never connected (zero duration) in the text file.",
)
CDR_FILE_WRITE_INTERVAL: Final = IntParameter(
    "SERVER_CDR_FILE_WRITE_INTERVAL",
    default=60,
    minimum=1,
    maximum=1440,
    unit="min",
    scope="server",
    meaning="Rotation period of CDR backup files.",
)
CDR_FILE_WRITE_MAX: Final = IntParameter(
    "SERVER_CDR_FILE_WRITE_MAX",
    default=720,
    minimum=1,
    maximum=100_000,
    unit="files",
    scope="server",
    meaning="CDR backup files kept; the oldest is deleted first.",
)
CDR_REPORT_SERVER: Final = StringParameter(
    "SERVER_CDR_REAL_TIME_REPORT_SERVER",
    default="",
    scope="server",
    check=_check_url,
    expected="an http or https URL",
    meaning="Endpoint to which each finished CDR is pushed. Empty is off.",
)
OUT_POST_URL: Final = StringParameter(
    "OUT_POST_URL",
    default="",
    scope="server",
    check=_check_url,
    expected="an http or https URL",
    meaning="Base URL of outward notifications: CustomerMoneyChange and AlarmCurrentReport are"
    " posted under it. Empty is off.",
)

PARAMETERS: Final[tuple[AnyParameter, ...]] = (
    FREE_TIME,
    HOLD_TIME_PRECISION,
    FEE_PRECISION,
    FEE_UNIT,
    ADVANCE_TIME,
    CALLEE_MONEY_VERIFY,
    NO_BILLING_TO_PHONE,
    RECORD_ZERO_HOLD_TIME,
    RECORD_SERVER_HANG_UP,
    RECORD_ILLEGAL_CALL,
    DEFAULT_VALID_DAYS,
    QUERY_DENY_TIME,
    QUERY_MAX_DAYS,
    CDR_TO_FILE,
    CDR_FILE_NONCONNECT,
    CDR_FILE_WRITE_INTERVAL,
    CDR_FILE_WRITE_MAX,
    CDR_REPORT_SERVER,
    OUT_POST_URL,
)


def rules_of(values: Parameters, lease: timedelta, *, stream: bool = False) -> Rules:
    """Return the charging rules that parameters make; `stream` is whether CDRs are streamed."""
    return Rules(
        rating=RatingRules(
            hold_time_precision=timedelta(milliseconds=values[HOLD_TIME_PRECISION]),
            free_time=timedelta(seconds=values[FREE_TIME]),
            rounding=Rounding(values[FEE_PRECISION], values[FEE_UNIT]),
        ),
        advance=timedelta(seconds=values[ADVANCE_TIME]),
        verify_callee_money=values[CALLEE_MONEY_VERIFY],
        no_billing_to_phone=values[NO_BILLING_TO_PHONE],
        record_zero_hold_time=values[RECORD_ZERO_HOLD_TIME],
        record_server_hang_up=values[RECORD_SERVER_HANG_UP],
        record_illegal_call=values[RECORD_ILLEGAL_CALL],
        outputs=_outputs(values, stream=stream),
        notify=bool(values[OUT_POST_URL]),
        default_life=timedelta(days=values[DEFAULT_VALID_DAYS]),
        lease=lease,
    )


def _outputs(values: Parameters, *, stream: bool) -> tuple[str, ...]:
    wanted = {
        "file": values[CDR_TO_FILE],
        "push": bool(values[CDR_REPORT_SERVER]),
        "stream": stream,
    }
    return tuple(output for output, on in wanted.items() if on)


class LiveRules:
    """The rules as they are now, made again only when a parameter changes."""

    def __init__(self, values: Parameters, lease: timedelta, *, stream: bool = False) -> None:
        self._values = values
        self._lease = lease
        self._stream = stream
        self._renew()
        values.subscribe(lambda _: self._renew())

    def __call__(self) -> Rules:
        """Return the rules in force."""
        return self._rules

    def _renew(self) -> None:
        self._rules = rules_of(self._values, self._lease, stream=self._stream)
