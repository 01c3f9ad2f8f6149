"""AUT-08: terminals are checked in their turn, and two misses take them offline."""

from dataclasses import replace
from datetime import timedelta

from support.auth_doors import NOON, House, Knocker, phone
from trunkline_auth.admission.registrar import CheckOutcome
from trunkline_auth.memory import MemoryBindings, NoJournal
from trunkline_auth.registrations import Binding

ALICE = phone("1001", "right")
MINUTE = timedelta(seconds=60)


async def registered(house: House, name: str = "1001") -> Binding:
    await Knocker(house, name, "right").signed_register()
    binding = await house.locate(phone(name, "right"))
    assert binding is not None
    return binding


async def due(house: House, instance: str = "") -> list[str]:
    checks = await house.doors.registrar.due_checks(instance, 100, house.now)
    return [each.endpoint.name for each in checks]


async def report(house: House, binding: Binding, alive: bool) -> None:
    outcome = CheckOutcome(binding.endpoint, binding.contact, alive)
    await house.doors.registrar.report_check(outcome, house.now)


async def test_aut08_a_phone_that_is_unplugged_is_offline_within_two_intervals() -> None:
    house = House(ALICE)
    binding = await registered(house)
    unplugged = house.now
    await due(house)
    house.wait(60)
    assert await due(house) == ["1001"]
    await report(house, binding, alive=False)
    assert await house.locate(ALICE) is not None
    house.wait(60)
    assert await due(house) == ["1001"]
    await report(house, binding, alive=False)

    assert await house.locate(ALICE) is None
    assert house.now - unplugged == 2 * MINUTE
    assert house.witness.offline == ["1001"]


async def test_aut08_a_response_brings_a_terminal_back() -> None:
    house = House(ALICE)
    binding = await registered(house)
    await report(house, binding, alive=False)
    await report(house, binding, alive=False)

    await report(house, binding, alive=True)

    assert await house.locate(ALICE) is not None
    assert house.witness.online == ["1001", "1001"]


async def test_aut08_a_register_brings_a_terminal_back() -> None:
    house = House(ALICE)
    binding = await registered(house)
    await report(house, binding, alive=False)
    await report(house, binding, alive=False)
    house.wait(60)

    await registered(house)

    assert house.witness.online == ["1001", "1001"]


async def test_aut08_misses_count_only_in_a_row() -> None:
    house = House(ALICE)
    binding = await registered(house)
    await report(house, binding, alive=False)
    await report(house, binding, alive=True)
    await report(house, binding, alive=False)

    assert await house.locate(ALICE) is not None


async def test_aut08_a_check_of_a_contact_that_moved_says_nothing() -> None:
    house = House(ALICE)
    binding = await registered(house)
    old = replace(binding, contact="sip:1001@192.0.2.1")
    await report(house, old, alive=False)
    await report(house, old, alive=False)

    assert await house.locate(ALICE) is not None


async def test_aut08_a_terminal_that_is_offline_lapses_in_silence() -> None:
    house = House(ALICE)
    binding = await registered(house)
    await report(house, binding, alive=False)
    await report(house, binding, alive=False)
    house.wait(3600)
    await house.doors.registrar.expire(house.now)

    assert house.witness.offline == ["1001"]


async def test_aut08_an_instance_checks_the_terminals_it_holds_only() -> None:
    house = House(ALICE)
    await registered(house)
    await due(house)
    await due(house, "another")
    house.wait(60)

    assert await due(house, "another") == []
    assert await due(house) == ["1001"]
    assert await due(house) == []


async def test_aut08_checks_are_spread_over_the_interval() -> None:
    house = House(*[phone(str(number), "right") for number in range(60)])
    for number in range(60):
        await registered(house, str(number))
    await due(house)
    counts = []
    for _ in range(6):
        house.wait(10)
        counts.append(len(await due(house)))

    assert sum(counts) == 60
    assert max(counts) <= 20


async def test_aut08_a_refresh_keeps_a_terminals_turn() -> None:
    house = House(ALICE)
    binding = await registered(house)
    bindings = MemoryBindings(NoJournal(), [binding])
    await bindings.due("", MINUTE, 10, NOON)
    await bindings.put(replace(binding, updated=NOON + MINUTE))

    assert len(await bindings.due("", MINUTE, 10, NOON + MINUTE)) == 1


async def test_aut08_a_terminal_that_left_is_checked_no_more() -> None:
    house = House(ALICE)
    binding = await registered(house)
    await due(house)
    await house.doors.registrar.remove(binding.endpoint)
    house.wait(60)

    assert await due(house) == []
