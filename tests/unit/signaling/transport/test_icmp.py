"""ICMP echoes on loopback, where the system allows them, and what is said where not (MGT-08)."""

import pytest
from trunkline_signaling.transport.icmp import IcmpEcho

FORBIDDEN = IcmpEcho().problem("127.0.0.1")


@pytest.mark.skipif(bool(FORBIDDEN), reason=FORBIDDEN)
async def test_mgt08_loopback_answers_an_echo() -> None:
    assert await IcmpEcho().round_trip("127.0.0.1", 1, 1.0) is not None


@pytest.mark.skipif(not FORBIDDEN, reason="the system allows ICMP")
async def test_mgt08_a_forbidden_echo_is_a_loss_and_the_problem_names_the_setting() -> None:
    assert "net.ipv4.ping_group_range" in FORBIDDEN
    assert await IcmpEcho().round_trip("127.0.0.1", 1, 1.0) is None
