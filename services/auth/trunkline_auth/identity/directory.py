"""Finds configured endpoints by source address and by username, in constant time (AUT-05).

It holds what the documents say, in memory; filling it and keeping it current is its owner's affair.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from enum import Enum, auto

from .addresses import IPAddress, IPNetwork
from .endpoints import DEFAULT_SIP_PORT, AccessMode, Endpoint, EndpointId


class Match(Enum):
    """By what a source was recognised."""

    ADDRESS = auto()
    ADDRESS_AND_PORT = auto()


class _Index:
    """Endpoints by a key that several may share, the one with precedence first."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[Endpoint, ...]] = {}

    def get(self, key: Hashable) -> tuple[Endpoint, ...]:
        return self._entries.get(key, ())

    def add(self, key: Hashable, endpoint: Endpoint) -> None:
        found = {*self.get(key), endpoint}
        self._entries[key] = tuple(sorted(found, key=lambda each: each.precedence))

    def discard(self, key: Hashable, endpoint: Endpoint) -> None:
        left = tuple(each for each in self.get(key) if each != endpoint)
        if left:
            self._entries[key] = left
        else:
            self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


class _Networks:
    """Endpoints by network, the longest prefix first: one look-up for each length in use.

    A single address is a network like another, and the first one asked.
    """

    def __init__(self) -> None:
        self._lengths: dict[tuple[int, int], _Index] = {}
        self._order: tuple[tuple[int, int, int], ...] = ()

    def add(self, network: IPNetwork, endpoint: Endpoint) -> None:
        index = self._lengths.setdefault((network.version, network.prefixlen), _Index())
        index.add(_key(network), endpoint)
        self._sort()

    def discard(self, network: IPNetwork, endpoint: Endpoint) -> None:
        index = self._lengths[network.version, network.prefixlen]
        index.discard(_key(network), endpoint)
        if not len(index):
            del self._lengths[network.version, network.prefixlen]
        self._sort()

    def get(self, address: IPAddress) -> tuple[Endpoint, ...]:
        for version, length, shift in self._order:
            if version == address.version:
                found = self._lengths[version, length].get(int(address) >> shift)
                if found:
                    return found
        return ()

    def exactly(self, network: IPNetwork) -> tuple[Endpoint, ...]:
        index = self._lengths.get((network.version, network.prefixlen))
        return index.get(_key(network)) if index else ()

    def _sort(self) -> None:
        lengths = sorted(self._lengths, key=lambda each: -each[1])
        self._order = tuple((v, n, (32 if v == 4 else 128) - n) for v, n in lengths)


def _key(network: IPNetwork) -> int:
    return int(network.network_address) >> (network.max_prefixlen - network.prefixlen)


class Directory:
    """Every endpoint that may be recognised."""

    def __init__(self, endpoints: Iterable[Endpoint] = ()) -> None:
        self._endpoints: dict[EndpointId, Endpoint] = {}
        self._by_port = _Index()
        self._by_network = _Networks()
        self._by_username = _Index()
        self._terminals_by_name = _Index()
        for endpoint in endpoints:
            self.put(endpoint)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self._endpoints.values())

    def __len__(self) -> int:
        return len(self._endpoints)

    def get(self, endpoint_id: EndpointId) -> Endpoint | None:
        return self._endpoints.get(endpoint_id)

    def put(self, endpoint: Endpoint) -> None:
        """Add an endpoint, or replace what was known of it."""
        self.remove(endpoint.id)
        self._endpoints[endpoint.id] = endpoint
        for index, key in self._keys(endpoint):
            index.add(key, endpoint)
        for network in _networks(endpoint):
            self._by_network.add(network, endpoint)

    def remove(self, endpoint_id: EndpointId) -> None:
        """Forget an endpoint; one that is not known needs no forgetting."""
        endpoint = self._endpoints.pop(endpoint_id, None)
        if endpoint is None:
            return
        for index, key in self._keys(endpoint):
            index.discard(key, endpoint)
        for network in _networks(endpoint):
            self._by_network.discard(network, endpoint)

    def by_address(self, address: IPAddress, port: int) -> tuple[Match, Sequence[Endpoint]] | None:
        """Return the static gateways a source may be, the one with precedence first, or None.

        Address and port beat the address alone, and that beats a network; the longest prefix wins.
        """
        found = self._by_port.get((address, port))
        if found:
            return Match.ADDRESS_AND_PORT, found
        found = self._by_network.get(address)
        return (Match.ADDRESS, found) if found else None

    def twins(self, endpoint: Endpoint) -> list[Endpoint]:
        """Return the customers' gateways of an address of `endpoint` that nothing tells from it."""
        if endpoint.is_told_apart:
            return []
        sharing = {each for index, key in self._keys(endpoint) for each in index.get(key)}
        for network in _networks(endpoint):
            sharing.update(self._by_network.exactly(network))
        return [
            each
            for each in sorted(sharing, key=lambda each: each.precedence)
            if each != endpoint and not each.is_told_apart
        ]

    def terminal(self, username: str) -> Endpoint | None:
        """Return the terminal with this digest username, or None."""
        found = self._by_username.get(username)
        return found[0] if found else None

    def named(self, user: str) -> Endpoint | None:
        """Return the terminal that a user part names, by username or by name, or None."""
        found = self._by_username.get(user) or self._terminals_by_name.get(user)
        return found[0] if found else None

    def _keys(self, endpoint: Endpoint) -> Iterator[tuple[_Index, Hashable]]:
        if endpoint.is_terminal:
            yield self._by_username, endpoint.username
            yield self._terminals_by_name, endpoint.id.name
        if endpoint.mode is AccessMode.IP_PORT:
            for pattern in endpoint.addresses:
                port = pattern.port or DEFAULT_SIP_PORT
                yield self._by_port, (pattern.network.network_address, port)


def _networks(endpoint: Endpoint) -> set[IPNetwork]:
    if endpoint.mode is not AccessMode.IP:
        return set()
    return {pattern.network for pattern in endpoint.addresses}
