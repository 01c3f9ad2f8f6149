"""Names asked of a real name server on loopback (MGT-06, RFC 3263)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from trunkline_kernel.names import DnsLookUp, Found, Name, NotFound

pytestmark = pytest.mark.integration

ZONE = (
    (
        "_sip._udp.vox.example.",
        300,
        "SRV",
        ("20 0 5070 b.vox.example.", "10 0 5080 a.vox.example."),
    ),
    ("a.vox.example.", 120, "A", ("192.0.2.1",)),
    ("b.vox.example.", 600, "A", ("192.0.2.2",)),
    ("tel.example.", 45, "A", ("192.0.2.3", "192.0.2.4")),
    ("six.example.", 90, "AAAA", ("2001:db8::1",)),
)


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone."""

    def connection_made(self, transport: Any) -> None:
        """Keep what answers are sent by."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        query = dns.message.from_wire(data)
        (question,) = query.question
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        owner = str(question.name).lower()
        for name, ttl, kind, values in ZONE:
            if name == owner and kind == question.rdtype.name:
                response.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, *values))
        if owner not in {name for name, *_ in ZONE}:
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(response.to_wire(), addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[DnsLookUp]:
    """Run a name server, and give what asks it."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield DnsLookUp(resolver)
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param(
            Name("vox.example"),
            Found((("192.0.2.1", 5080), ("192.0.2.2", 5070)), 120),
            id="SRV by priority, with the shortest TTL",
        ),
        pytest.param(
            Name("tel.example"),
            Found((("192.0.2.3", 0), ("192.0.2.4", 0)), 45),
            id="A where there is no SRV",
        ),
        pytest.param(
            Name("tel.example", 5090),
            Found((("192.0.2.3", 5090), ("192.0.2.4", 5090)), 45),
            id="a port spares the SRV",
        ),
        pytest.param(
            Name("six.example", 5060), Found((("2001:db8::1", 5060),), 90), id="AAAA without A"
        ),
    ],
)
async def test_mgt06_a_name_is_found(name: Name, found: Found) -> None:
    async with name_server() as look_up:
        result = await look_up.look_up(name)

    assert (sorted(result.addresses), result.ttl) == (sorted(found.addresses), found.ttl)
    assert name.host != "vox.example" or result.addresses == found.addresses


async def test_mgt06_what_only_the_system_knows_is_found_too() -> None:
    async with name_server() as look_up:
        found = await look_up.look_up(Name("localhost", 5060))

    assert ("127.0.0.1", 5060) in found.addresses


async def test_mgt06_what_nobody_knows_is_not_found() -> None:
    async with name_server() as look_up:
        with pytest.raises(NotFound, match=r"nowhere\.invalid"):
            await look_up.look_up(Name("nowhere.invalid", 5060))
