"""Keeps the directory what the documents, and routing's gateways, say."""

from collections.abc import Sequence

import structlog
from pydantic import BaseModel
from trunkline.routing.v1.gateways_pb2 import RoutingGatewayAddresses
from trunkline_kernel.documents import Event

from ..digest import Secret
from ..errors import InvalidAddress
from ..identity import AccessMode, AddressPattern, Directory, Endpoint, EndpointId, EndpointKind
from .access import MappingGatewaySpec, PhoneSpec, secret_of
from .kinds import username_of

log = structlog.stdlib.get_logger(__name__)


class DirectoryFeed:
    """Turns changed documents into endpoints."""

    def __init__(self, directory: Directory, realm: str) -> None:
        self.directory = directory
        self._realm = realm

    def documents_changed(self, events: Sequence[Event]) -> None:
        """Take over what `Documents` tells."""
        for event in events:
            endpoint = self._endpoint(event.name, event.spec)
            if endpoint is not None:
                self._put(endpoint)
            elif event.kind in (EndpointKind.MAPPING_GATEWAY, EndpointKind.PHONE):
                self.directory.remove(EndpointId(EndpointKind(event.kind), event.name))

    def gateway_put(self, name: str, value: bytes) -> None:
        """Take over one entry of the topic "routing-gateways" (AUT-01, known sources)."""
        message = RoutingGatewayAddresses.FromString(value)
        addresses = [_pattern(target.host) for target in message.targets]
        self._put(
            Endpoint(
                EndpointId(EndpointKind.ROUTING_GATEWAY, name),
                AccessMode.IP,
                addresses=tuple(each for each in addresses if each is not None),
            )
        )

    def gateway_delete(self, name: str) -> None:
        """Forget a routing gateway."""
        self.directory.remove(EndpointId(EndpointKind.ROUTING_GATEWAY, name))

    def _endpoint(self, name: str, spec: BaseModel | None) -> Endpoint | None:
        match spec:
            case MappingGatewaySpec():
                return self._gateway(name, spec)
            case PhoneSpec() if spec.access is not None:
                return Endpoint(
                    EndpointId(EndpointKind.PHONE, name),
                    AccessMode.DIGEST,
                    username=name,
                    secret=self._secret(name, spec.access.password),
                    trust=spec.access.trust_binding,
                    areas=spec.access.areas.compiled() if spec.access.areas else None,
                )
        return None

    def _gateway(self, name: str, spec: MappingGatewaySpec) -> Endpoint:
        access = spec.access
        is_terminal = access.mode is AccessMode.DIGEST
        return Endpoint(
            EndpointId(EndpointKind.MAPPING_GATEWAY, name),
            access.mode,
            addresses=tuple(AddressPattern.parse(each) for each in access.addresses),
            username=username_of(name, access) if is_terminal else access.username or "",
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

    def _put(self, endpoint: Endpoint) -> None:
        self.directory.put(endpoint)
        for twin in self.directory.twins(endpoint):
            log.warning(
                "gateways of one address can't be told apart, the first is taken",
                taken=str(min(endpoint, twin, key=lambda each: each.precedence).id),
                never=str(max(endpoint, twin, key=lambda each: each.precedence).id),
            )


def _pattern(host: str) -> AddressPattern | None:
    try:
        return AddressPattern.parse(host)
    except InvalidAddress:
        return None  # a name; its addresses come as targets of their own once resolved
