"""Keeps the directory what the documents, and routing's gateways, say."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

import structlog
from pydantic import BaseModel
from trunkline.routing.v1.gateways_pb2 import Domain, RoutingGatewayAddresses
from trunkline.routing.v1.routing_pb2 import Target
from trunkline_kernel.documents import Event
from trunkline_kernel.names import Name, Names

from ..digest import Secret
from ..errors import InvalidAddress
from ..identity import (
    AccessMode,
    AddressPattern,
    Directory,
    Endpoint,
    EndpointId,
    EndpointKind,
    NamePattern,
    Source,
    parse_source,
)
from .access import MappingGatewaySpec, PhoneSpec, secret_of
from .kinds import username_of

log = structlog.stdlib.get_logger(__name__)


class DirectoryFeed:
    """Turns changed documents into endpoints."""

    def __init__(self, directory: Directory, realm: str, names: Names | None = None) -> None:
        """Without `names` a gateway that is given by name has no address."""
        self.directory = directory
        self._realm = realm
        self._names = names
        self._named: dict[EndpointId, tuple[Endpoint, tuple[Source, ...]]] = {}
        """Gateways that are given by name, wholly or in part."""
        if names is not None:
            names.changed = self.names_changed

    async def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over what `Documents` tells."""
        for event in events:
            endpoint = self._endpoint(event.name, event.spec)
            if endpoint is not None:
                self._put(endpoint, _sources_in(event.spec))
            elif event.kind in (EndpointKind.MAPPING_GATEWAY, EndpointKind.PHONE):
                self._remove(EndpointId(EndpointKind(event.kind), event.name))

    def gateway_put(self, name: str, value: bytes) -> None:
        """Take over one entry of the topic "routing-gateways" (AUT-01, known sources)."""
        message = RoutingGatewayAddresses.FromString(value)
        endpoint = Endpoint(EndpointId(EndpointKind.ROUTING_GATEWAY, name), AccessMode.IP)
        self._put(endpoint, [_source(target) for target in message.targets])

    def gateway_delete(self, name: str) -> None:
        """Forget a routing gateway."""
        self._remove(EndpointId(EndpointKind.ROUTING_GATEWAY, name))

    def domain_put(self, host: str, value: bytes) -> None:
        """Take over one entry of the topic "domains": how often a name is looked up (MGT-06)."""
        message = Domain.FromString(value)
        refresh = message.refresh_duration.ToTimedelta().total_seconds()
        if self._names is not None:
            self._names.refresh_every(host, refresh or None)

    def domain_delete(self, host: str) -> None:
        """Look a name up as its TTL says."""
        if self._names is not None:
            self._names.refresh_every(host, None)

    def names_changed(self) -> None:
        """Take over what names stand for now (MGT-06)."""
        for endpoint, sources in self._named.values():
            self.directory.put(self._at(endpoint, sources))

    def _endpoint(self, name: str, spec: BaseModel | None) -> Endpoint | None:
        match spec:
            case MappingGatewaySpec():
                return self._gateway(name, spec)
            case PhoneSpec() if spec.access is not None:
                return Endpoint(
                    EndpointId(EndpointKind.PHONE, name),
                    AccessMode.DIGEST,
                    username=name,
                    secret=self._secret(name, spec.access.password)
                    if spec.access.password
                    else None,
                    trust=spec.access.trust_binding,
                    areas=spec.access.areas.compiled() if spec.access.areas else None,
                )
        return None

    def _gateway(self, name: str, spec: MappingGatewaySpec) -> Endpoint:
        access = spec.access
        return Endpoint(
            EndpointId(EndpointKind.MAPPING_GATEWAY, name),
            AccessMode.DIGEST if access.registers else access.mode,
            username=username_of(name, access) if access.registers else access.username or "",
            secret=self._secret(name, access.password) if access.password else None,
            trust=access.trust_binding,
            callee_prefixes=access.callee_prefixes,
            priority=access.priority,
            counts_alone=access.dynamic_black_list_in_standalone,
            areas=access.areas.compiled() if access.areas else None,
        )

    def _secret(self, name: str, stored: str) -> Secret | None:
        realm, secret = secret_of(stored)
        if realm == self._realm:
            return secret
        log.error(
            "password was hashed with another realm, apply it again", name=name, was_for=realm
        )
        return None

    def _remove(self, endpoint: EndpointId) -> None:
        self._follow(endpoint, ())
        self._named.pop(endpoint, None)
        self.directory.remove(endpoint)

    def _follow(self, endpoint: EndpointId, sources: Sequence[Source]) -> None:
        if self._names is not None:
            named = (each for each in sources if isinstance(each, NamePattern))
            self._names.want(str(endpoint), (Name(each.host, each.port or 0) for each in named))

    def _at(self, endpoint: Endpoint, sources: Sequence[Source]) -> Endpoint:
        """Return the endpoint with its addresses as far as they are known."""
        addresses: list[AddressPattern] = []
        for source in sources:
            if isinstance(source, AddressPattern):
                addresses.append(source)
            elif self._names is not None:
                entry = self._names.get(Name(source.host, source.port or 0))
                found = entry.addresses if entry is not None else ()
                addresses += (AddressPattern(ip_network(ip), source.port) for ip, _ in found)
        return replace(endpoint, addresses=tuple(dict.fromkeys(addresses)))

    def _put(self, endpoint: Endpoint, sources: Sequence[Source]) -> None:
        self._named.pop(endpoint.id, None)
        if any(isinstance(each, NamePattern) for each in sources):
            self._named[endpoint.id] = endpoint, tuple(sources)
        self._follow(endpoint.id, sources)
        endpoint = self._at(endpoint, sources)
        self.directory.put(endpoint)
        for twin in self.directory.twins(endpoint):
            log.warning(
                "gateways of one address can't be told apart, the first is taken",
                taken=str(min(endpoint, twin, key=lambda each: each.precedence).id),
                never=str(max(endpoint, twin, key=lambda each: each.precedence).id),
            )


def _sources_in(spec: BaseModel | None) -> tuple[Source, ...]:
    if not isinstance(spec, MappingGatewaySpec):
        return ()
    return tuple(map(parse_source, spec.access.addresses))


def _source(target: Target) -> Source:
    try:
        return AddressPattern.parse(target.host)
    except InvalidAddress:
        return NamePattern(target.host, target.port or None)
