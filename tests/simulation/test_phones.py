"""What the other tests find right happens at all: a run reaches what phones do (SIG-21, SIG-22)."""

from __future__ import annotations

import pytest
from simulation.vendors import Taken
from simulation.world import Plan, World, simulate


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A run in fine weather, with more calls to phones than others have."""
    plan = Plan(2, 350, faults=False, kills=False, storms=False, to_phones=0.9)
    return simulate(plan, tmp_path_factory.mktemp("world"))


def answered(world: World, called: str, at: str) -> list[Taken]:
    """Return the calls to a phone that were answered at another place."""
    callers = {
        call.number
        for caller in world.callers.values()
        for call in caller.placed.values()
        if call.script is not None and call.script.to_phone and call.script.number == called
    }
    taken = [each for many in world.callees[at].taken.values() for each in many]
    return [each for each in taken if each.caller in callers and each.saw.answered is not None]


def status_of(world: World, called: str) -> set[int]:
    """Return what callers of a phone got."""
    return {
        call.saw.final_status
        for caller in world.callers.values()
        for call in caller.placed.values()
        if call.script is not None and call.script.to_phone and call.script.number == called
    }


def test_phones_call_and_are_called(world: World) -> None:
    assert any(call.saw.answered for call in world.phones["2001"].placed.values())
    assert answered(world, "2001", "2001")


@pytest.mark.parametrize(
    ("called", "at"),
    [("2005", "2001"), ("2005", "2003"), ("2003", "2001"), ("2004", "2002")],
    ids=["first of two", "second of two", "no answer", "offline"],
)
def test_a_phone_passes_calls_on(world: World, called: str, at: str) -> None:
    assert answered(world, called, at)


def test_who_wants_no_call_or_never_registered_gets_none(world: World) -> None:
    assert status_of(world, "2006") & {486}
    assert status_of(world, "2009") & {480}
    assert not answered(world, "2006", "2006") and not answered(world, "2009", "2009")


def test_calls_that_come_back_are_refused(world: World) -> None:
    assert 482 in status_of(world, "2007") & status_of(world, "2008")


def test_phones_hand_calls_over_hold_them_and_fail_to(world: World) -> None:
    told = {status for phone in world.phones.values() for status in phone.told}

    assert 200 in told
    assert any(status >= 400 for status in told)
    assert sum(phone.holds for phone in world.phones.values()) > 0


def test_phones_join_those_they_talk_to_and_fail_to(world: World) -> None:
    """SIG-21: attended transfers succeed, and those that name no call of the phone's don't."""
    told = {status for phone in world.phones.values() for status in phone.told_of_calls}

    assert told >= {200, 481}
