"""CDR text files (BIL-11): one line a call, 18 fields, a file for every hour in UTC.

Files of other intervals (SERVER_CDR_FILE_WRITE_INTERVAL) have the minute in their name.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from .cdr import Cdr
from .fields import cdr_fields

HOUR: Final = timedelta(hours=1)
COLUMNS: Final = (
    "callerE164",
    "calleeE164",
    "start",
    "stop",
    "holdTime",
    "endReason",
    "endDirection",
    "callerGateway",
    "calleeGateway",
    "callerIp",
    "calleeIp",
    "callerToGatewayE164",
    "calleeToGatewayE164",
    "account",
    "fee",
    "feeTime",
    "billingMode",
    "flowNo",
)


def file_name(end_time: datetime, interval: timedelta = HOUR) -> str:
    """Return the file of the hour, or of another interval of the day, in which a call ended."""
    end = end_time.astimezone(UTC)
    if interval == HOUR:
        return f"{end:%Y%m%d%H}.txt"
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight + (end - midnight) // interval * interval
    return f"{begin:%Y%m%d%H%M}.txt"


def line(flow_no: int, cdr: Cdr) -> str:
    """Return a CDR as one line without its end; separators in values become spaces."""
    fields = cdr_fields(flow_no, cdr)
    return "|".join(_plain(fields[column]) for column in COLUMNS)


def flow_no_of(text: str) -> str:
    """Return the flow number at the end of a line."""
    return text.rpartition("|")[2]


def _plain(value: object) -> str:
    text = "" if value is None else f"{int(value)}" if isinstance(value, int) else str(value)
    return text.translate(_SEPARATORS)


_SEPARATORS: Final = str.maketrans({"|": " ", "\n": " ", "\r": " "})
