"""What auth tells the outside: terminals that come and go (MGT-14), lock-outs (AUT-16, MGT-13)."""

from datetime import timedelta
from typing import Any

import pytest
from support.auth_doors import NOON, House, Knocker, phone
from trunkline.common.v1 import common_pb2 as common
from trunkline.common.v1 import reports_pb2 as pb
from trunkline_auth.admission.failures import FailureKey, Suspension, SuspensionKind
from trunkline_auth.observation import Observation
from trunkline_auth.reporting import MOST_LOGINS, Announcements
from trunkline_kernel.metrics import Metrics


class Heard:
    """A reporter that only listens."""

    def __init__(self) -> None:
        self.notices: list[pb.PhoneOnline] = []
        self._watches: list[Any] = []

    def watch(self, *watches: Any) -> None:
        """Take what is watched."""
        self._watches += watches

    def stir(self) -> None:
        """Do nothing."""

    def send(self, notice: pb.Notice) -> None:
        """Take a notice."""
        self.notices.append(notice.phone_online)

    @property
    def reported(self) -> list[pb.ReportedCondition]:
        """What would be reported now."""
        return [each for watch in self._watches for each in watch()]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def announcements(heard: Heard) -> Announcements:
    names: Any = ()
    reporter: Any = heard
    return Announcements(Observation(Metrics("auth")), names, reporter)


async def test_mgt_14_a_phone_that_registers_is_told_as_online_and_as_offline_when_it_leaves(
    heard: Heard, announcements: Announcements
) -> None:
    house = House(phone("2001", "right"))
    await Knocker(house, "2001", "right").signed_register()
    binding = await house.locate(phone("2001", "right"))
    assert binding is not None

    announcements.came_online(binding)
    announcements.went_offline(binding)

    assert [one.online for one in heard.notices] == [True, False]
    assert heard.notices[0].endpoint == common.Endpoint(
        kind=common.ENDPOINT_KIND_PHONE, name="2001"
    )
    assert heard.notices[0].received == common.SocketAddress(ip="203.0.113.7", port=5060)


def suspended(kind: SuspensionKind, name: str) -> Suspension:
    return Suspension(FailureKey(kind, name, ""), NOON + timedelta(minutes=5))


def test_aut_16_an_operator_who_is_locked_out_is_an_alarm(
    heard: Heard, announcements: Announcements
) -> None:
    announcements.suspensions = [
        suspended(SuspensionKind.LOGIN, "ada"),
        suspended(SuspensionKind.REGISTRATION, "2001"),
    ]

    (told,) = heard.reported
    assert (told.type, told.object, told.holds) == (pb.CONDITION_TYPE_LOGIN_DISABLED, "ada", True)
    assert "2026-11-23T12:05:00" in told.evidence


def test_aut_16_who_guesses_names_makes_no_flood_of_alarms(
    heard: Heard, announcements: Announcements
) -> None:
    announcements.suspensions = [
        suspended(SuspensionKind.LOGIN, f"guess{number}") for number in range(MOST_LOGINS + 1)
    ]

    assert len(heard.reported) == MOST_LOGINS
