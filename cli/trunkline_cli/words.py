"""How single values are written for people, and read from them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.common.v1.common_pb2 import Endpoint, EndpointKind, Money, SocketAddress

from .errors import BadUsage

UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
NONE: Final = "-"

ENDPOINT_PREFIX: Final = {
    EndpointKind.ENDPOINT_KIND_PHONE: "phone ",
    EndpointKind.ENDPOINT_KIND_MAPPING_GATEWAY: "",
    EndpointKind.ENDPOINT_KIND_ROUTING_GATEWAY: "",
}


def money(amount: Money) -> str:
    """Return "0.0120 USD", or a dash when there is none."""
    return f"{amount.amount} {amount.currency}" if amount.amount else NONE


def endpoint(of: Endpoint) -> str:
    """Return the name of a gateway, "phone 1001", or a dash."""
    return ENDPOINT_PREFIX.get(of.kind, "") + of.name if of.name else NONE


def endpoint_kind(kind: EndpointKind.ValueType) -> str:
    """Return "mapping gateway"."""
    return enum_word(EndpointKind, kind, "ENDPOINT_KIND_")


def address(of: SocketAddress) -> str:
    """Return HOST:PORT, IPv6 in brackets, or a dash."""
    if not of.ip:
        return NONE
    host = f"[{of.ip}]" if ":" in of.ip else of.ip
    return f"{host}:{of.port}" if of.port else host


def enum_word(enum: Any, value: int, prefix: str) -> str:
    """Return an enum's value in small letters without its prefix; a dash for "not said"."""
    word = str(enum.Name(value)).removeprefix(prefix).replace("_", " ").lower()
    return NONE if word == "unspecified" else word


def time(of: Timestamp) -> str:
    """Return local date and time to the second, or a dash when there is none."""
    if not of.ByteSize():
        return NONE
    return of.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(of: Duration) -> str:
    """Return "1:02:03", "2:03", or a dash when there is none."""
    if not of.ByteSize():
        return NONE
    minutes, seconds = divmod(round(of.ToTimedelta().total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def milliseconds(of: Duration) -> str:
    """Return "12 ms", or a dash when there is none."""
    return f"{of.ToMilliseconds()} ms" if of.ByteSize() else NONE


def parse_span(text: str) -> timedelta:
    """Return the span in "90s", "10m", "1h30m". Raises `BadUsage`."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise BadUsage(f"expected a span such as 90s, 10m or 1h30m, got {text!r}")
    return timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in parts))


def parse_time(text: str, now: datetime) -> datetime:
    """Return the time in "2026-11-23T14:00", that hour of today in "14:00", or "2h" before `now`.

    Without an offset local time is meant. Raises `BadUsage`.
    """
    if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
        text = f"{now.astimezone().date()}T{text}"
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    try:
        return now - parse_span(text)
    except BadUsage:
        raise BadUsage(
            "expected a time such as 2026-11-23T14:00 or 14:00, or a span ago such as 2h,"
            f" got {text!r}"
        ) from None


def timestamp(moment: datetime) -> Timestamp:
    """Return a time as it travels."""
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def duration(of: timedelta) -> Duration:
    """Return a span as it travels."""
    wire = Duration()
    wire.FromTimedelta(of)
    return wire
