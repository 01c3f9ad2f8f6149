"""What a source may send before it is read: token buckets in bounded memory."""

from ipaddress import ip_network

import pytest
from trunkline_signaling.transport import limits
from trunkline_signaling.transport.limits import Rate, SourceLimits

STRANGERS = Rate(per_second=10, burst=20)
SCANNER, OFFICE = "198.51.100.7", "192.0.2.1"


def admitted(judge: SourceLimits, ip: str, count: int, now: float) -> int:
    return sum(judge.admits(ip, now) for _ in range(count))


def test_a_burst_passes_and_then_the_rate() -> None:
    judge = SourceLimits(STRANGERS, None)

    assert admitted(judge, SCANNER, 100, now=0.0) == 20
    assert admitted(judge, SCANNER, 100, now=1.0) == 10
    assert admitted(judge, SCANNER, 100, now=60.0) == 20


def test_one_source_takes_nothing_from_another() -> None:
    judge = SourceLimits(STRANGERS, None)
    admitted(judge, SCANNER, 100, now=0.0)

    assert admitted(judge, OFFICE, 5, now=0.0) == 5


def test_addresses_of_one_ipv6_subscriber_are_one_source() -> None:
    judge = SourceLimits(STRANGERS, None)
    admitted(judge, "2001:db8:0:1::a", 20, now=0.0)

    assert not judge.admits("2001:db8:0:1:ffff::b", now=0.0)
    assert judge.admits("2001:db8:0:2::a", now=0.0)


def test_a_known_source_is_not_limited_for_an_hour() -> None:
    judge = SourceLimits(STRANGERS, None)
    judge.know(OFFICE, now=0.0)

    assert admitted(judge, OFFICE, 1000, now=3599.0) == 1000
    assert admitted(judge, OFFICE, 1000, now=3600.0) == 20


def test_known_sources_may_have_a_rate_of_their_own() -> None:
    judge = SourceLimits(STRANGERS, Rate(per_second=100, burst=100))
    judge.know(OFFICE, now=0.0)

    assert admitted(judge, OFFICE, 1000, now=0.0) == 100


@pytest.mark.parametrize("ip", ["192.0.2.1", "2001:db8::1"])
def test_trusted_networks_are_known_from_the_start(ip: str) -> None:
    networks = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
    judge = SourceLimits(STRANGERS, None, networks)

    assert admitted(judge, ip, 1000, now=0.0) == 1000


def test_a_flood_of_forged_sources_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 100)
    judge = SourceLimits(STRANGERS, None)
    for number in range(10_000):
        judge.admits(f"10.0.{number >> 8}.{number & 255}", now=0.0)
        judge.know(f"10.1.{number >> 8}.{number & 255}", now=0.0)

    assert len(judge._buckets) == 100
    assert len(judge._known_until) == 100
