"""AUT-05: the directory answers by what is configured now, however it came to be."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.auth_doors import digest_gateway, phone, static_gateway
from trunkline.common.v1.common_pb2 import TRANSPORT_UDP
from trunkline.routing.v1.gateways_pb2 import RoutingGatewayAddresses
from trunkline.routing.v1.routing_pb2 import Target
from trunkline_auth.documents import DirectoryFeed
from trunkline_auth.documents.access import MappingGatewaySpec
from trunkline_auth.errors import InvalidAddress
from trunkline_auth.identity import (
    AccessMode,
    AddressPattern,
    Directory,
    Endpoint,
    parse_ip,
    parse_source,
)
from trunkline_kernel.documents import Event
from trunkline_kernel.names import Found, Name, Names, NotFound

ADDRESSES = st.integers(0, 15).map(lambda last: f"192.0.2.{last}")
NETWORKS = st.integers(28, 32).flatmap(
    lambda length: st.integers(0, 15).map(
        lambda last: str(ipaddress.ip_network(f"192.0.2.{last}/{length}", strict=False))
    )
)
GATEWAYS = st.builds(
    lambda name, addresses, priority: static_gateway(name, *addresses, priority=priority),
    st.sampled_from("abcdef"),
    st.lists(ADDRESSES | NETWORKS, min_size=1, max_size=4, unique=True),
    st.integers(0, 3),
)


def naive(endpoints: dict[str, Endpoint], address: str) -> list[str]:
    """Return who matches the longest prefix, found the slow way."""
    ip = parse_ip(address)
    matches = [
        (pattern.network.prefixlen, endpoint)
        for endpoint in endpoints.values()
        for pattern in endpoint.addresses
        if ip in pattern.network
    ]
    longest = max((length for length, _ in matches), default=0)
    found = {endpoint for length, endpoint in matches if length == longest}
    return [each.id.name for each in sorted(found, key=lambda each: each.precedence)]


@given(st.lists(GATEWAYS, max_size=12), st.sets(st.sampled_from("abcdef")), ADDRESSES)
def test_aut05_the_longest_prefix_of_what_is_configured_now_matches(
    put: list[Endpoint], removed: set[str], address: str
) -> None:
    directory = Directory(put)
    for endpoint in [each for each in directory if each.id.name in removed]:
        directory.remove(endpoint.id)

    found = directory.by_address(parse_ip(address), 5060)

    left = {each.id.name: each for each in put if each.id.name not in removed}
    assert [each.id.name for each in (found[1] if found else ())] == naive(left, address)


def test_an_address_that_a_gateway_names_twice_is_forgotten_with_it() -> None:
    gateway = static_gateway("acme", "192.0.2.1", "192.0.2.1/32")
    directory = Directory([gateway])

    directory.remove(gateway.id)

    assert directory.by_address(parse_ip("192.0.2.1"), 5060) is None


def test_an_endpoint_that_changes_leaves_nothing_of_what_it_was() -> None:
    directory = Directory([static_gateway("acme", "192.0.2.1:5070", mode=AccessMode.IP_PORT)])
    directory.put(digest_gateway("acme", "old", "x"))
    directory.put(digest_gateway("acme", "new", "x"))

    assert directory.by_address(parse_ip("192.0.2.1"), 5070) is None
    assert directory.terminal("old") is None
    assert directory.terminal("new") is not None
    assert len(directory) == 1


def test_a_terminal_is_named_by_username_and_by_name() -> None:
    pbx = digest_gateway("acme-pbx", "acme", "x")
    directory = Directory([pbx, phone("1001", "x")])

    assert directory.named("acme") == directory.named("acme-pbx") == pbx
    assert directory.terminal("acme-pbx") is None


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("192.0.2.10", "192.0.2.10"),
        (" 192.0.2.10:5062 ", "192.0.2.10:5062"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]:5060", "[2001:db8::1]:5060"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_has_one_spelling(text: str, spelled: str) -> None:
    assert str(AddressPattern.parse(text)) == spelled
    assert AddressPattern.parse(spelled) == AddressPattern.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme.example",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:+5",
        "[2001:db8::1",
        "[2001:db8::1]5060",
        "192.0.2.1/33",
        "192.0.2.1/24",
        "192.0.2.0/24:5060",
        "1.2.3",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        AddressPattern.parse(text)


def test_aut01_routings_gateways_are_known_by_their_addresses() -> None:
    directory = Directory()
    feed = DirectoryFeed(directory, "trunkline.test")
    targets = [
        Target(host="198.51.100.7", port=5060, transport=TRANSPORT_UDP),
        Target(host="sip.voxcarrier.example"),
    ]

    feed.gateway_put("vox", RoutingGatewayAddresses(targets=targets).SerializeToString())

    assert directory.by_address(parse_ip("198.51.100.7"), 40_000) is not None
    feed.gateway_delete("vox")
    assert directory.by_address(parse_ip("198.51.100.7"), 40_000) is None


class Zone:
    """Knows one name; its address may change."""

    def __init__(self) -> None:
        self.ip = "192.0.2.7"

    async def look_up(self, name: Name) -> Found:
        """Answer."""
        if name.host != "pbx.example":
            raise NotFound("NXDOMAIN")
        return Found(((self.ip, name.port),), 30)


def who(directory: Directory, address: str, port: int = 5060) -> list[str]:
    """Return who is known to send from there."""
    found = directory.by_address(parse_ip(address), port)
    return [each.id.name for each in found[1]] if found is not None else []


async def test_mgt06_gateways_given_by_name_are_known_while_that_is_resolved() -> None:
    zone, directory = Zone(), Directory()
    names = Names(zone)
    feed = DirectoryFeed(directory, "trunkline.test", names)
    access = {"mode": "ip", "addresses": ["pbx.example", "192.0.2.9"]}
    spec = MappingGatewaySpec.model_validate({"access": access})
    await feed.documents_changed([Event("MappingGateway", "acme", spec, revision=1, deleted=False)])
    target = Target(host="pbx.example", port=5070, transport=TRANSPORT_UDP)
    feed.gateway_put("vox", RoutingGatewayAddresses(targets=[target]).SerializeToString())
    assert who(directory, "192.0.2.7") == []
    assert who(directory, "192.0.2.9") == ["acme"]

    for entry in list(names):
        await names.find(entry.name)

    assert who(directory, "192.0.2.7") == ["acme", "vox"]
    await feed.documents_changed([Event("MappingGateway", "acme", None, revision=2, deleted=True)])
    feed.gateway_delete("vox")
    assert who(directory, "192.0.2.7") == []
    assert list(names) == []


@pytest.mark.parametrize("text", ["pbx.example/24", "-pbx.example", "pbx..example", "1.2.3"])
def test_mgt06_what_is_no_name_either_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        parse_source(text)
