"""Who can be known to the switch, and by what they are known (AUT-05)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..digest import Secret
from .addresses import AddressPattern
from .areas import AreaRule

DEFAULT_SIP_PORT: Final = 5060
DEFAULT_PRIORITY: Final = 100


class EndpointKind(StrEnum):
    """Kinds of configured objects a request can come from."""

    MAPPING_GATEWAY = "MappingGateway"
    ROUTING_GATEWAY = "RoutingGateway"
    PHONE = "Phone"


@dataclass(frozen=True, slots=True, order=True)
class EndpointId:
    """One configured object."""

    kind: EndpointKind
    name: str
    """Unique within its kind; for a phone, its number."""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


class AccessMode(StrEnum):
    """What proves that a request is an endpoint's own."""

    IP = "ip"
    """Its source address, whatever the port."""
    IP_PORT = "ip-port"
    """Its source address and port."""
    DIGEST = "digest"
    """Credentials; the endpoint is a terminal that may register."""
    IMS = "ims"
    """An IMS edge, in documents only: it is DIGEST in this release (MGT-16)."""


class BindingTrust(StrEnum):
    """Whether a terminal's live binding spares its INVITEs the challenge."""

    NONE = "none"
    IP = "ip"
    IP_PORT = "ip-port"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One object and its access, as its document says."""

    id: EndpointId
    mode: AccessMode
    addresses: tuple[AddressPattern, ...] = ()
    """Where a static gateway sends from. Empty for a terminal."""
    username: str = ""
    """Digest username of a terminal; may tell static gateways of one address apart."""
    secret: Secret | None = None
    """None where the mode asks for no credentials."""
    trust: BindingTrust = BindingTrust.NONE
    callee_prefixes: tuple[str, ...] = ()
    """Digits that tell gateways of one address apart by the number called."""
    priority: int = DEFAULT_PRIORITY
    """Decides last among gateways of one address: the smaller number wins."""
    counts_alone: bool = False
    """dynamicBlackListInStandalone: its calls are counted, and blocked, for itself (AUT-13)."""
    areas: AreaRule | None = None
    """From where it may come, where SS_ACCESS_IP_CHECK is On (AUT-18)."""

    @property
    def is_terminal(self) -> bool:
        """Whether it proves itself by digest, and so may register."""
        return self.mode is AccessMode.DIGEST

    @property
    def is_told_apart(self) -> bool:
        """Whether more than the address says that a request is this endpoint's (AUT-05)."""
        is_customer = self.id.kind is EndpointKind.MAPPING_GATEWAY
        return bool(self.username or self.callee_prefixes or not is_customer)

    @property
    def precedence(self) -> tuple[bool, int, EndpointId]:
        """Sorts the endpoint that wins a tie to the front: customers before vendors (AUT-05)."""
        return (self.id.kind is EndpointKind.ROUTING_GATEWAY, self.priority, self.id)
