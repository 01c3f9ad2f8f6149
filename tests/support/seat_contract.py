"""What every store of seats must do (capacity.seats.Seats), as tests to be run on each."""

from __future__ import annotations

import pytest
from trunkline_routing.capacity.seats import CALLER, LEASE, Holder, Seats, Taken
from trunkline_routing.model.callers import Claim

VENDOR = Claim("vendor", limit=2)


def holder(call_id: str, slot: int = 1, instance: str = "signaling-1") -> Holder:
    """Return for whom a seat is taken."""
    return Holder(call_id, slot, instance)


async def fill(seats: Seats, claim: Claim, count: int) -> None:
    """Take so many seats."""
    for number in range(count):
        assert await seats.take(holder(f"{claim.key}-{number}"), [claim], 0.0) is None


class SeatContract:
    """Subclass with a fixture `seats`."""

    async def test_a_full_gateway_refuses_the_next_call(self, seats: Seats) -> None:
        await fill(seats, VENDOR, 2)

        assert await seats.take(holder("third"), [VENDOR], 0.0) == VENDOR
        assert seats.calls("vendor") == 2

    async def test_a_limit_of_nothing_closes_a_gateway(self, seats: Seats) -> None:
        closed = Claim("vendor", limit=0)

        assert await seats.take(holder("first"), [closed], 0.0) == closed

    async def test_a_slot_that_has_its_seat_takes_no_second_one(self, seats: Seats) -> None:
        await seats.take(holder("call"), [VENDOR], 0.0)
        await seats.take(holder("call"), [VENDOR], 0.0)

        assert seats.calls("vendor") == 1

    async def test_a_refused_claim_leaves_no_seat_on_the_others(self, seats: Seats) -> None:
        full = Claim("group", limit=0)

        assert await seats.take(holder("call"), [VENDOR, full], 0.0) == full
        assert seats.calls("vendor") == 0

    async def test_a_failed_attempt_frees_its_own_seat_only(self, seats: Seats) -> None:
        await seats.take(holder("call", CALLER), [Claim("customer")], 0.0)
        await seats.take(holder("call", 1), [VENDOR], 0.0)
        await seats.give_back("call", 1)
        await seats.give_back("call", 1)

        assert (seats.calls("vendor"), seats.calls("customer")) == (0, 1)

    async def test_release_frees_every_seat_of_a_call_and_may_be_repeated(
        self, seats: Seats
    ) -> None:
        await seats.take(holder("call", CALLER), [Claim("customer")], 0.0)
        await seats.take(holder("call", 1), [VENDOR], 0.0)
        await seats.release("call")
        await seats.release("call")

        assert (seats.calls("vendor"), seats.calls("customer")) == (0, 0)

    @pytest.mark.parametrize(
        ("usage", "reserving", "plain"),
        [
            pytest.param(7, True, True, id="three left: both are used"),
            pytest.param(8, False, True, id="two left: only the one without reserved lines"),
            pytest.param(10, False, False, id="none left: neither"),
        ],
    )
    async def test_reserved_lines_are_left_to_other_members(
        self, seats: Seats, usage: int, reserving: bool, plain: bool
    ) -> None:
        """RTE-22: G=10, A R=0, B R=3."""
        await fill(seats, Claim("group", limit=10), usage)

        b = await seats.take(holder("b"), [Claim("group", limit=10, left_free=3)], 0.0)
        await seats.release("b")
        a = await seats.take(holder("a"), [Claim("group", limit=10)], 0.0)

        assert (b is None, a is None) == (reserving, plain)

    async def test_no_more_calls_begin_in_any_second_than_may(self, seats: Seats) -> None:
        slow = Claim("customer", per_second=2)
        await seats.take(holder("a"), [slow], 0.0)
        await seats.take(holder("b"), [slow], 0.9)

        assert await seats.take(holder("c"), [slow], 0.95) == slow
        assert await seats.take(holder("c"), [slow], 1.0) is None
        assert await seats.take(holder("d"), [slow], 1.5) == slow

    async def test_an_instance_not_heard_of_loses_its_seats(self, seats: Seats) -> None:
        await seats.take(holder("lost", instance="dead"), [VENDOR], 0.0)
        await seats.take(holder("kept", instance="alive"), [VENDOR], 0.0)
        await seats.renew("alive", "1", LEASE)

        assert await seats.expire(LEASE + 0.1) == ["lost"]
        assert seats.calls("vendor") == 1

    async def test_seats_are_unknown_until_they_are_announced(self, seats: Seats) -> None:

        assert not await seats.renew("signaling-1", "1", 0.0)
        await seats.announce("signaling-1", "1", [Taken(holder("call"), (VENDOR,))], 0.0)
        await seats.announce("signaling-1", "1", [Taken(holder("call"), (VENDOR,))], 0.0)
        assert await seats.renew("signaling-1", "1", 0.0)
        assert seats.calls("vendor") == 1

    async def test_a_restarted_instance_leaves_no_seat_of_its_former_life(
        self, seats: Seats
    ) -> None:
        await seats.announce("signaling-1", "1", [Taken(holder("old"), (VENDOR,))], 0.0)

        assert not await seats.renew("signaling-1", "2", 1.0)
        assert seats.calls("vendor") == 0

    async def test_announced_seats_may_exceed_a_limit_that_became_smaller(
        self, seats: Seats
    ) -> None:
        taken = [Taken(holder(f"call-{number}"), (VENDOR,)) for number in range(3)]
        await seats.announce("signaling-1", "1", taken, 0.0)

        assert seats.calls("vendor") == 3
        assert await seats.take(holder("next"), [VENDOR], 0.0) == VENDOR
