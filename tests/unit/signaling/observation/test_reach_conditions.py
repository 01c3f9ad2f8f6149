"""Gateways that cannot be reached become alarms, by what told so (SIG-02, SIG-16, MGT-13)."""

from typing import Any

import pytest
from support.reach import Changes
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_signaling.reach_conditions import ReachConditions


class Heard:
    """A reporter that only listens."""

    def __init__(self) -> None:
        self.stirred = 0
        self._watches: list[Any] = []

    def watch(self, *watches: Any) -> None:
        """Take what is watched."""
        self._watches += watches

    def stir(self) -> None:
        """Count it."""
        self.stirred += 1

    @property
    def reported(self) -> list[tuple[int, str, bool, str]]:
        """What would be reported now."""
        found = [each for watch in self._watches for each in watch()]
        return [(each.type, each.object, each.holds, each.evidence) for each in found]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def conditions(heard: Heard) -> ReachConditions:
    return ReachConditions(Changes(), heard)  # type: ignore[arg-type]


def test_sig_16_a_silent_gateway_is_wrong_until_it_answers(
    heard: Heard, conditions: ReachConditions
) -> None:
    unreachable = pb.CONDITION_TYPE_GATEWAY_UNREACHABLE

    conditions.gateway_changed("vox", "probe", False, "198.51.100.7 does not answer")
    silent = heard.reported
    conditions.gateway_changed("vox", "probe", True, "calls go to 198.51.100.7")

    assert silent == [(unreachable, "vox", True, "198.51.100.7 does not answer")]
    assert heard.reported == [(unreachable, "vox", False, "")]
    assert heard.stirred == 2


def test_sig_02_a_refused_registration_is_another_alarm_than_a_silent_gateway(
    heard: Heard, conditions: ReachConditions
) -> None:
    conditions.gateway_changed("vox", "probe", True, "")
    conditions.gateway_changed("vox", "registration", False, "403 Forbidden")

    assert heard.reported == [
        (pb.CONDITION_TYPE_GATEWAY_UNREACHABLE, "vox", False, ""),
        (pb.CONDITION_TYPE_NOT_REGISTERED, "vox", True, "403 Forbidden"),
    ]


def test_of_a_gateway_that_is_gone_nothing_is_said(
    heard: Heard, conditions: ReachConditions
) -> None:
    conditions.gateway_changed("vox", "probe", False, "silent")
    conditions.gateway_forgotten("vox", "probe")

    assert heard.reported == []
