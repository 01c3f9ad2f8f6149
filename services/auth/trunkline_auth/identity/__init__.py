"""Configured endpoints and how they are found. No I/O, no clock."""

from .addresses import (
    AddressPattern,
    IPAddress,
    NamePattern,
    SocketAddress,
    Source,
    Transport,
    parse_ip,
    parse_source,
)
from .areas import AddressRange, AreaMap, AreaRule
from .directory import Directory, Match
from .endpoints import (
    DEFAULT_SIP_PORT,
    AccessMode,
    BindingTrust,
    Endpoint,
    EndpointId,
    EndpointKind,
)

__all__ = [
    "DEFAULT_SIP_PORT",
    "AccessMode",
    "AddressPattern",
    "AddressRange",
    "AreaMap",
    "AreaRule",
    "BindingTrust",
    "Directory",
    "Endpoint",
    "EndpointId",
    "EndpointKind",
    "IPAddress",
    "Match",
    "NamePattern",
    "SocketAddress",
    "Source",
    "Transport",
    "parse_ip",
    "parse_source",
]
