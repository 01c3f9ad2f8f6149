"""What every store of seats must do (capacity.seats.Seats), as tests to be run on each."""

from __future__ import annotations

import pytest
from trunkline_routing.capacity.seats import CALLER, LEASE, Holder, Refused, Seats, Taken
from trunkline_routing.model.callers import Claim

VENDOR = Claim("vendor", limit=2)


def holder(call_id: str, slot: int = 1, instance: str = "signaling-1") -> Holder:
    """Return for whom a seat is taken."""
    return Holder(call_id, slot, instance)


async def take(seats: Seats, holder: Holder, claims: list[Claim], now: float) -> Claim | None:
    """Take the seats of one slot; return the claim that refused."""
    refused = await seats.take([Taken(holder, tuple(claims))], now)
    return None if refused is None else refused.claim


async def fill(seats: Seats, claim: Claim, count: int) -> None:
    """Take so many seats."""
    for number in range(count):
        assert await take(seats, holder(f"{claim.key}-{number}"), [claim], 0.0) is None


class SeatContract:
    """Subclass with a fixture `seats`."""

    async def test_a_full_gateway_refuses_the_next_call(self, seats: Seats) -> None:
        await fill(seats, VENDOR, 2)

        assert await take(seats, holder("third"), [VENDOR], 0.0) == VENDOR
        assert seats.calls("vendor") == 2

    async def test_a_limit_of_nothing_closes_a_gateway(self, seats: Seats) -> None:
        closed = Claim("vendor", limit=0)

        assert await take(seats, holder("first"), [closed], 0.0) == closed

    async def test_a_slot_that_has_its_seat_takes_no_second_one(self, seats: Seats) -> None:
        await take(seats, holder("call"), [VENDOR], 0.0)
        await take(seats, holder("call"), [VENDOR], 0.0)

        assert seats.calls("vendor") == 1

    async def test_a_refused_claim_leaves_no_seat_on_the_others(self, seats: Seats) -> None:
        full = Claim("group", limit=0)

        assert await take(seats, holder("call"), [VENDOR, full], 0.0) == full
        assert seats.calls("vendor") == 0

    async def test_a_refused_slot_leaves_no_seat_on_the_others(self, seats: Seats) -> None:
        full = Claim("vendor", limit=0)
        customer = Taken(holder("call", CALLER), (Claim("customer"),))

        refused = await seats.take(
            [customer, Taken(holder("call", 1), (full,))], 0.0, lambda: "note"
        )
        assert refused == Refused(1, full, 0)
        assert seats.calls("customer") == 0
        assert await seats.note("call") == ""

    async def test_the_slot_that_comes_first_refuses_first(self, seats: Seats) -> None:
        full = Claim("customer", limit=0)
        vendor = Taken(holder("call", 1), (Claim("vendor", limit=0),))

        refused = await seats.take([Taken(holder("call", CALLER), (full,)), vendor], 0.0)
        assert refused == Refused(CALLER, full, 0)

    async def test_two_slots_of_a_call_may_want_the_last_seat_of_one_key(
        self, seats: Seats
    ) -> None:
        line = Claim("phone", limit=2)
        both = [Taken(holder("call", slot), (line,)) for slot in (CALLER, 1)]
        await seats.take([Taken(holder("other"), (line,))], 0.0)

        assert await seats.take(both, 0.0) == Refused(1, line, 2)
        await seats.release("other")
        assert await seats.take(both, 0.0) is None
        assert seats.calls("phone") == 2

    async def test_a_slot_that_has_its_seats_is_left_out_of_those_wanted(
        self, seats: Seats
    ) -> None:
        customer = Claim("customer", limit=1)
        await take(seats, holder("call", CALLER), [customer], 0.0)

        wanted = [Taken(holder("call", CALLER), (customer,)), Taken(holder("call", 1), (VENDOR,))]
        assert await seats.take(wanted, 0.0) is None
        assert (seats.calls("customer"), seats.calls("vendor")) == (1, 1)

    async def test_a_note_stands_with_the_seats_and_goes_with_the_last(self, seats: Seats) -> None:
        assert await seats.note("call") == ""
        await seats.take(
            [Taken(holder("call", CALLER), (Claim("customer"),))], 0.0, lambda: "first"
        )
        await seats.take([Taken(holder("call", 1), (VENDOR,))], 0.0, lambda: "second")
        assert await seats.note("call") == "second"

        await seats.give_back("call", 1)
        assert await seats.note("call") == "second"
        await seats.give_back("call", CALLER)
        assert await seats.note("call") == ""

    async def test_a_repeat_takes_nothing_but_its_note_counts(self, seats: Seats) -> None:
        """Another replica may have decided anew."""
        wanted = [Taken(holder("call"), (VENDOR,))]
        await seats.take(wanted, 0.0, lambda: "first")
        await seats.take(wanted, 0.0, lambda: "second")

        assert (await seats.note("call"), seats.calls("vendor")) == ("second", 1)

    async def test_a_slot_without_claims_is_held_and_freed(self, seats: Seats) -> None:
        """A call that a phone passes on takes no line of it."""
        await seats.take([Taken(holder("call"), ())], 0.0, lambda: "note")
        assert await seats.note("call") == "note"

        await seats.release("call")
        assert await seats.note("call") == ""

    async def test_a_failed_attempt_frees_its_own_seat_only(self, seats: Seats) -> None:
        await take(seats, holder("call", CALLER), [Claim("customer")], 0.0)
        await take(seats, holder("call", 1), [VENDOR], 0.0)
        await seats.give_back("call", 1)
        await seats.give_back("call", 1)

        assert (seats.calls("vendor"), seats.calls("customer")) == (0, 1)

    async def test_release_frees_every_seat_of_a_call_and_may_be_repeated(
        self, seats: Seats
    ) -> None:
        await take(seats, holder("call", CALLER), [Claim("customer")], 0.0)
        await take(seats, holder("call", 1), [VENDOR], 0.0)
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

        b = await take(seats, holder("b"), [Claim("group", limit=10, left_free=3)], 0.0)
        await seats.release("b")
        a = await take(seats, holder("a"), [Claim("group", limit=10)], 0.0)

        assert (b is None, a is None) == (reserving, plain)

    async def test_no_more_calls_begin_in_any_second_than_may(self, seats: Seats) -> None:
        slow = Claim("customer", per_second=2)
        await take(seats, holder("a"), [slow], 0.0)
        await take(seats, holder("b"), [slow], 0.9)

        assert await take(seats, holder("c"), [slow], 0.95) == slow
        assert await take(seats, holder("c"), [slow], 1.0) is None
        assert await take(seats, holder("d"), [slow], 1.5) == slow

    async def test_an_instance_not_heard_of_loses_its_seats(self, seats: Seats) -> None:
        await take(seats, holder("lost", instance="dead"), [VENDOR], 0.0)
        await take(seats, holder("kept", instance="alive"), [VENDOR], 0.0)
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
        assert await take(seats, holder("next"), [VENDOR], 0.0) == VENDOR
