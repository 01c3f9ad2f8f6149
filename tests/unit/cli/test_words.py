"""Single values written for people, and read from them."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from trunkline.common.v1.common_pb2 import (
    CallEndReason,
    Endpoint,
    EndpointKind,
    Money,
    SocketAddress,
)
from trunkline_cli import words
from trunkline_cli.errors import BadUsage

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400)],
)
def test_a_span_is_read(text: str, seconds: float) -> None:
    assert words.parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "10 m", "-5s", "5sx", "1h 5m"])
def test_a_span_that_is_none_is_wrong_usage(text: str) -> None:
    with pytest.raises(BadUsage, match="expected a span"):
        words.parse_span(text)


def test_a_time_may_be_a_span_ago() -> None:
    assert words.parse_time("2h", NOW) == NOW - timedelta(hours=2)


def test_an_hour_is_that_of_today() -> None:
    today = NOW.astimezone().date()

    assert words.parse_time("21:30", NOW).astimezone().date() == today


def test_a_time_with_an_offset_is_that_time() -> None:
    assert words.parse_time("2026-11-23T14:00+02:00", NOW) == NOW


def test_a_time_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(BadUsage, match="expected a time"):
        words.parse_time("yesterday", NOW)


def test_values_that_are_absent_are_a_dash() -> None:
    shown = {
        words.money(Money()),
        words.endpoint(Endpoint()),
        words.address(SocketAddress()),
        words.time(Timestamp()),
        words.span(Duration()),
        words.enum_word(CallEndReason, 0, "CALL_END_REASON_"),
    }

    assert shown == {"-"}


def test_values_are_written_for_people() -> None:
    phone = Endpoint(kind=EndpointKind.ENDPOINT_KIND_PHONE, name="1001")

    assert words.money(Money(amount="-0.0120", currency="USD")) == "-0.0120 USD"
    assert words.endpoint(phone) == "phone 1001"
    assert words.address(SocketAddress(ip="2001:db8::1", port=5060)) == "[2001:db8::1]:5060"
    assert words.span(Duration(seconds=3723)) == "1:02:03"
    assert words.enum_word(CallEndReason, 8, "CALL_END_REASON_") == "balance insufficient"
