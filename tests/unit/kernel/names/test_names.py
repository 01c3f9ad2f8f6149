"""Host names: fresh by their TTL, good while DNS is away, rotated on failure (MGT-06)."""

import asyncio

import pytest
from trunkline_kernel.names import Found, Name, Names, NotFound, is_address

VOX = Name("vox.example", 5060)
FIRST, SECOND = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


class Dns:
    """Answers as told, and notes when it was asked."""

    def __init__(self, *addresses: tuple[str, int], ttl: float = 60) -> None:
        self.addresses = addresses
        self.ttl = ttl
        self.silent = False
        self.asked: list[float] = []

    async def look_up(self, name: Name) -> Found:
        """Answer."""
        self.asked.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.1 if not self.silent else 1000)
        if not self.addresses:
            raise NotFound("NXDOMAIN")
        return Found(self.addresses, self.ttl)


class Bench:
    """A table that is kept fresh."""

    def __init__(self, dns: Dns) -> None:
        self.changes = 0
        self.names = Names(dns)
        self.names.changed = self._changed
        self.work = asyncio.create_task(self.names.run())

    def _changed(self) -> None:
        self.changes += 1

    @property
    def current(self) -> tuple[str, int] | None:
        """Return the address in use."""
        entry = self.names.get(VOX)
        return entry.current if entry is not None else None


async def fresh(dns: Dns) -> Bench:
    """Want a name, and wait until it has been looked up."""
    bench = Bench(dns)
    bench.names.want("vox", [VOX])
    await asyncio.sleep(10)
    return bench


@pytest.mark.parametrize(
    ("ttl", "period"), [(60, 60), (5, 30), (90_000, 3600)], ids=["its TTL", "30 s", "an hour"]
)
async def test_mgt06_a_name_is_looked_up_again_after(ttl: float, period: float) -> None:
    dns = Dns(FIRST, ttl=ttl)
    bench = await fresh(dns)
    await asyncio.sleep(period)
    bench.work.cancel()

    first, second = dns.asked
    assert second - first == pytest.approx(period, abs=0.2)


async def test_mgt06_a_changed_record_is_used_after_its_ttl() -> None:
    dns = Dns(FIRST, ttl=60)
    bench = await fresh(dns)
    assert bench.current == FIRST
    dns.addresses = (SECOND,)
    await asyncio.sleep(60)
    bench.work.cancel()

    assert bench.current == SECOND
    assert bench.changes == 2


async def test_mgt06_while_dns_is_away_the_last_good_addresses_serve() -> None:
    dns = Dns(FIRST, ttl=30)
    bench = await fresh(dns)
    dns.addresses = ()
    await asyncio.sleep(120)
    entry = bench.names.get(VOX)
    bench.work.cancel()

    assert bench.current == FIRST
    assert entry is not None
    assert entry.problem == "NXDOMAIN"
    assert entry.resolved == pytest.approx(1000.1)


async def test_mgt06_a_name_never_resolved_has_no_address_until_it_is() -> None:
    dns = Dns()
    bench = await fresh(dns)
    assert bench.current is None
    assert await bench.names.find(VOX) is None
    dns.addresses = (FIRST,)
    await asyncio.sleep(40)
    bench.work.cancel()

    assert bench.current == FIRST


async def test_mgt06_an_answer_that_breaks_the_look_up_is_asked_for_again_later() -> None:
    class Broken(Dns):
        async def look_up(self, name: Name) -> Found:
            await super().look_up(name)
            raise ValueError("a label of 64 characters")

    dns = Broken(FIRST)
    bench = await fresh(dns)
    await asyncio.sleep(30)
    bench.work.cancel()

    assert bench.current is None
    assert len(dns.asked) == 2


async def test_mgt06_a_silent_name_server_costs_five_seconds() -> None:
    dns = Dns(FIRST)
    dns.silent = True
    bench = await fresh(dns)
    entry = bench.names.get(VOX)
    bench.work.cancel()

    assert entry is not None
    assert entry.problem == "no answer within 5 s"


async def test_mgt06_an_address_that_fails_gives_way_to_the_next() -> None:
    bench = await fresh(Dns(FIRST, SECOND))
    bench.names.failed(VOX, FIRST)
    bench.names.failed(VOX, FIRST)
    bench.work.cancel()

    assert bench.current == SECOND
    bench.names.failed(VOX, SECOND)
    assert bench.current == FIRST


async def test_mgt06_what_nobody_wants_any_more_is_forgotten() -> None:
    bench = await fresh(Dns(FIRST))
    bench.names.want("vox", ())
    bench.work.cancel()

    assert list(bench.names) == []


async def test_mgt06_several_who_ask_at_once_cost_one_question() -> None:
    dns = Dns(FIRST)
    names = Names(dns)

    assert await asyncio.gather(*(names.find(VOX) for _ in range(3))) == [FIRST] * 3
    assert len(dns.asked) == 1


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("192.0.2.1", True), ("2001:db8::1", True), ("vox.example", False), ("1.2.3", False)],
)
def test_what_is_an_address(host: str, is_one: bool) -> None:
    assert is_address(host) is is_one


async def test_mgt06_a_name_with_a_refresh_of_its_own_is_not_looked_up_by_its_ttl() -> None:
    dns = Dns(FIRST, ttl=3600)
    bench = await fresh(dns)

    bench.names.refresh_every("vox.example", 120)
    await asyncio.sleep(250)
    often = len(dns.asked)
    bench.names.refresh_every("vox.example", None)
    await asyncio.sleep(3000)
    bench.work.cancel()

    assert often == 3
    assert len(dns.asked) == 4
