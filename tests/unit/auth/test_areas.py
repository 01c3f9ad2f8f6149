"""AUT-18: areas of addresses, and sources that come from the wrong one."""

import asyncio
import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.auth_doors import House, Knocker, phone, static_gateway, status
from trunkline_auth.admission.policy import Policy
from trunkline_auth.documents.areas import AREA, SMALL, AreaFeed, AreaSpec
from trunkline_auth.errors import InvalidAddress
from trunkline_auth.identity import AddressRange, AreaMap, AreaRule, Endpoint, parse_ip
from trunkline_kernel.documents import Event

CHECKED = Policy(access_ip_check=True)
HOME = AddressRange("home", ipaddress.IPv4Address("203.0.113.0"), 256)


def range_(area: str, start: int, count: int) -> AddressRange:
    return AddressRange(area, ipaddress.IPv4Address(start), count)


RANGES = st.lists(
    st.builds(range_, st.sampled_from("abc"), st.integers(0, 40), st.integers(1, 20)),
    max_size=8,
    unique_by=lambda each: each.count,
)


def fenced(endpoint: Endpoint, *areas: str, allowed: bool = True) -> Endpoint:
    return replace(endpoint, areas=AreaRule(frozenset(areas), allowed))


def house(endpoint: Endpoint, policy: Policy = CHECKED) -> House:
    made = House(endpoint, policy=policy)
    made.areas = AreaMap([HOME])
    return made


@given(RANGES, st.integers(0, 70))
def test_aut18_the_smallest_range_around_an_address_wins(
    ranges: list[AddressRange], address: int
) -> None:
    around = [each for each in ranges if int(each.start) <= address < int(each.start) + each.count]
    expected = min(around, key=lambda each: each.count).area if around else None

    assert AreaMap(ranges).area_of(ipaddress.IPv4Address(address)) == expected


@pytest.mark.parametrize(
    ("address", "permitted"), [("10.0.0.255", True), ("10.0.1.0", False), ("2001:db8::1", False)]
)
def test_aut18_an_area_ends_with_its_last_address(address: str, permitted: bool) -> None:
    areas = AreaMap([AddressRange("HQ", ipaddress.IPv4Address("10.0.0.0"), 256)])

    assert areas.permits(AreaRule(frozenset({"HQ"})), parse_ip(address)) is permitted


def area(name: str, *starts: int) -> Event:
    ranges = [{"start": str(ipaddress.IPv4Address(start)), "count": 1} for start in starts]
    spec = AreaSpec.model_validate({"ranges": ranges})
    return Event(AREA, name, spec, revision=1, deleted=False)


async def test_aut18_many_areas_are_in_force_once_their_map_is_made() -> None:
    feed, last = AreaFeed(), ipaddress.IPv4Address(SMALL)
    await feed.documents_changed([area("few", SMALL)])

    await feed.documents_changed([area("many", *range(SMALL)), area("few", SMALL + 1)])

    assert (feed.map.area_of(last), feed.map.area_of(last + 1)) == ("few", None)
    await feed.build()
    assert (feed.map.area_of(last), feed.map.area_of(last + 1)) == (None, "few")
    assert feed.map.area_of(last - 1) == "many"


async def test_aut18_areas_that_change_while_a_map_is_made_are_in_the_next() -> None:
    feed = AreaFeed()
    await feed.documents_changed([area("many", *range(SMALL + 1))])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed.build())
        await asyncio.sleep(0)
        await feed.documents_changed([area("many", 1)])

    assert feed.map.area_of(ipaddress.IPv4Address(2)) is None
    assert feed.map.area_of(ipaddress.IPv4Address(1)) == "many"


@pytest.mark.parametrize(("start", "count"), [("10.0.0.0", 0), ("255.255.255.0", 257)])
def test_aut18_a_range_of_nothing_or_past_the_end_is_refused(start: str, count: int) -> None:
    with pytest.raises(InvalidAddress):
        AddressRange("HQ", ipaddress.IPv4Address(start), count)


async def test_aut18_off_leaves_sip_sources_alone() -> None:
    client = Knocker(house(fenced(phone("1001", "right"), "HQ"), Policy()), "1001", "right")

    assert status(await client.signed_register()) == 200


@pytest.mark.parametrize(
    ("areas", "allowed", "met"),
    [("home", True, 200), ("HQ", True, 403), ("home", False, 403), ("HQ", False, 200)],
)
async def test_aut18_a_gateway_in_the_wrong_area_is_a_stranger(
    areas: str, allowed: bool, met: int
) -> None:
    gateway = fenced(static_gateway("acme", "203.0.113.7"), areas, allowed=allowed)

    assert status(await Knocker(house(gateway), "someone", "").invite()) == met


async def test_aut18_a_phone_in_the_wrong_area_can_neither_register_nor_call() -> None:
    client = Knocker(house(fenced(phone("1001", "right"), "HQ")), "1001", "right")

    assert [status(await client.register()) for _ in range(7)] == [401] * 6 + [403]
    client.new_call()
    assert status(await client.invite()) == 403


async def test_aut18_a_phone_in_the_wrong_area_meets_silence_where_strangers_do() -> None:
    silent = Policy(access_ip_check=True, reply_unauthorized=False)
    client = Knocker(house(fenced(phone("1001", "right"), "HQ"), silent), "1001", "right")

    assert status(await client.register()) == 0
    assert status(await client.invite()) == 0


async def test_aut18_a_phone_in_the_right_area_is_served() -> None:
    client = Knocker(house(fenced(phone("1001", "right"), "home")), "1001", "right")

    assert status(await client.signed_register()) == 200
