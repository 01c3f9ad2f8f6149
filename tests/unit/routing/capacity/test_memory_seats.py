"""Seats in memory: the contract of every store, and its invariant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.seat_contract import VENDOR, SeatContract, holder, take
from trunkline_routing.capacity.memory import MemorySeats
from trunkline_routing.capacity.seats import Taken
from trunkline_routing.model.callers import Claim


class TestMemorySeats(SeatContract):
    @pytest.fixture
    def seats(self) -> MemorySeats:
        return MemorySeats()


async def test_a_note_is_spelled_when_it_is_read_and_not_before() -> None:
    """Each Route leaves one, and where there is one replica nobody reads it."""
    seats, spelled = MemorySeats(), list[str]()

    def note() -> str:
        spelled.append("note")
        return "note"

    await seats.take([Taken(holder("call"), (VENDOR,))], 0.0, note)
    assert spelled == []

    assert await seats.note("call") == "note"
    assert spelled == ["note"]


@given(
    st.lists(
        st.tuples(st.sampled_from("tgr"), st.sampled_from("abcd"), st.integers(0, 2)), max_size=60
    )
)
async def test_seats_are_what_the_calls_hold_and_never_more_than_the_limit(
    acts: list[tuple[str, str, int]],
) -> None:
    seats, held = MemorySeats(), set[tuple[str, int]]()
    limited = Claim("vendor", limit=5)
    for act, call_id, slot in acts:
        if act == "t" and await take(seats, holder(call_id, slot), [limited], 0.0) is None:
            held.add((call_id, slot))
        elif act == "g":
            await seats.give_back(call_id, slot)
            held.discard((call_id, slot))
        elif act == "r":
            await seats.release(call_id)
            held = {each for each in held if each[0] != call_id}

    assert seats.calls("vendor") == len(held) <= 5
