"""Seats are renewed, announced again, and released late rather than never."""

import asyncio
from datetime import timedelta

import pytest
from support.switch import CUSTOMER, FakeRouting, SwitchBench, caller, gives, vendor
from trunkline_signaling.calls.services import Release, Seat, ServiceError
from trunkline_signaling.shell.leases import SeatLeases


class Forgetful(FakeRouting):
    """A routing that has restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[Seat] = []

    async def renew_leases(self, instance: str, epoch: str) -> bool:
        """Know nothing."""
        return False

    async def announce_seats(self, instance: str, epoch: str, seats: list[Seat]) -> None:
        """Remember them."""
        self.announced = seats


async def test_a_routing_that_has_forgotten_the_seats_is_told_of_every_live_call() -> None:
    alice = caller()
    bench = SwitchBench(alice, vendor(gives(180)))
    bench.call(alice)
    await asyncio.sleep(1)
    routing = Forgetful()

    await SeatLeases(routing, bench.switch, "signaling-1", "epoch").renew()

    (seat,) = routing.announced
    assert seat.caller == CUSTOMER
    assert seat.callee is not None and seat.callee.name == "vendor-10.0.0.3"


async def test_a_release_that_failed_is_repeated_until_routing_has_it() -> None:
    bench = SwitchBench()
    bench.switch.questions.unreleased["a"] = Release("a", None, timedelta(0))
    leases = SeatLeases(bench.routing, bench.switch, "signaling-1", "epoch")
    bench.routing.away = True
    with pytest.raises(ServiceError):
        await leases.renew()
    assert list(bench.switch.questions.unreleased) == ["a"]

    bench.routing.away = False
    await leases.renew()

    assert bench.switch.questions.unreleased == {}
    assert [release.call_id for release in bench.routing.released] == ["a"]
