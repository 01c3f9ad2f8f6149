"""Vendors given by name: which address calls take, who is no candidate (MGT-06)."""

import asyncio

from trunkline_kernel.names import Found, Name, Names, NotFound
from trunkline_signaling.calls.parties import Target
from trunkline_signaling.registrar.gateways import Gateway
from trunkline_signaling.shell.resolve import NameResolver
from trunkline_signaling.sip.flow import Transport

BY_SERVICE, BY_PORT = Target("vox.example"), Target("vox.example", 5090)


class Zone:
    """Knows some names."""

    def __init__(self, **known: tuple[tuple[str, int], ...]) -> None:
        self.known = known
        self.asked: list[Name] = []

    async def look_up(self, name: Name) -> Found:
        """Answer."""
        self.asked.append(name)
        await asyncio.sleep(0.1)
        found = self.known.get(name.host.partition(".")[0])
        if found is None:
            raise NotFound("NXDOMAIN")
        return Found(tuple((ip, port or name.port) for ip, port in found), 60)


async def resolver(zone: Zone, *gateways: Gateway) -> tuple[NameResolver, asyncio.Task[None]]:
    """Return a resolver that has looked the names of these up."""
    names = Names(zone)
    made = NameResolver(names)
    for gateway in gateways:
        made.put(gateway)
    work = asyncio.create_task(names.run())
    await asyncio.sleep(10)
    return made, work


async def test_mgt06_a_name_is_known_before_the_first_call() -> None:
    made, work = await resolver(
        Zone(vox=(("192.0.2.1", 5070),)), Gateway("vox", (BY_SERVICE, BY_PORT))
    )
    work.cancel()

    assert made.known(BY_SERVICE) == ("192.0.2.1", 5070)
    assert [report.reachable for report in made.reports()] == [True]


async def test_mgt06_the_service_asked_for_is_that_of_the_transport() -> None:
    zone = Zone(vox=(("192.0.2.1", 0),))
    tls = Target("vox.example", 0, Transport.TLS)
    made, work = await resolver(zone, Gateway("vox", (tls,)))
    work.cancel()

    assert [name.service for name in zone.asked] == ["_sips._tcp"]
    assert made.known(tls) == ("192.0.2.1", 5061)


async def test_mgt06_an_address_that_does_not_answer_gives_way_to_the_next() -> None:
    zone = Zone(vox=(("192.0.2.1", 0), ("192.0.2.2", 0)))
    made, work = await resolver(zone, Gateway("vox", (BY_SERVICE, BY_PORT)))
    work.cancel()

    made.failed(BY_SERVICE, ("192.0.2.1", 5060))
    made.failed(BY_PORT, ("192.0.2.1", 5090))

    assert made.known(BY_SERVICE) == ("192.0.2.2", 5060)
    assert made.known(BY_PORT) == ("192.0.2.2", 5090)


async def test_mgt06_a_gateway_whose_name_never_resolved_is_no_candidate() -> None:
    made, work = await resolver(
        Zone(),
        Gateway("gone", (Target("gone.example"),)),
        Gateway("both", (Target("gone.example"), Target("192.0.2.1"))),
        Gateway("peer", (Target("gone.example"),), registers_there=True),
        Gateway("comes-to-us"),
        Gateway("literal", (Target("192.0.2.1"),)),
        Gateway("probed", (Target("gone.example"), Target("192.0.2.1")), options_check=True),
    )
    work.cancel()

    assert {each.name: each.reachable for each in made.reports()} == {"gone": False, "both": True}


async def test_mgt06_nothing_is_said_before_the_first_look_up_has_ended() -> None:
    made = NameResolver(Names(Zone()))
    made.put(Gateway("vox", (BY_SERVICE,)))

    assert [report.reachable for report in made.reports()] == [None]


async def test_mgt06_a_removed_gateway_is_reported_no_more() -> None:
    made, work = await resolver(Zone(), Gateway("gone", (Target("gone.example"),)))
    made.remove("gone")
    work.cancel()

    assert list(made.reports()) == []


async def test_a_literal_needs_no_name() -> None:
    made = NameResolver(Names(Zone()))

    assert made.known(Target("192.0.2.1")) == ("192.0.2.1", 5060)
    assert made.known(Target("192.0.2.1", 5070)) == ("192.0.2.1", 5070)


async def test_mgt06_a_configured_domain_is_resolved_before_a_gateway_is_given_by_it() -> None:
    zone = Zone(vox=(("192.0.2.1", 5070),))
    made, work = await resolver(zone)

    made.put_domain("vox.example", 300)
    await asyncio.sleep(1)
    first = made.known(BY_SERVICE)
    await asyncio.sleep(300)
    made.remove_domain("vox.example")
    work.cancel()

    assert first == ("192.0.2.1", 5070)
    assert [name.host for name in zone.asked] == ["vox.example"] * 2
    assert made.known(BY_SERVICE) is None


async def test_mgt06_a_domain_that_is_gone_stays_known_for_the_gateway_that_needs_it() -> None:
    made, work = await resolver(Zone(vox=(("192.0.2.1", 5070),)), Gateway("vox", (BY_SERVICE,)))
    made.put_domain("vox.example", None)
    made.remove_domain("vox.example")
    work.cancel()

    assert made.known(BY_SERVICE) == ("192.0.2.1", 5070)
