"""Contact URIs as far as a registrar compares and dials them (RFC 3261 sections 10.3, 19.1.4)."""

import re
from dataclasses import dataclass
from typing import Final

from ..errors import InvalidAddress
from ..identity import IPAddress, parse_ip

MAX_LENGTH: Final = 1024
_URI: Final = re.compile(
    r"(?P<scheme>sips?):"
    r"(?:(?P<user>[^@\s<>\"]+)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_]+)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<parameters>(?:;[^;?\s<>]+)*)"
    r"(?:\?[^\s<>]*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ContactUri:
    """The parts of a SIP URI that make two contacts the same or another."""

    scheme: str
    user: str
    host: str
    port: int | None
    """None where the URI names none."""
    transport: str
    """Of the `transport` parameter; empty where there is none."""

    @classmethod
    def parse(cls, text: str) -> "ContactUri | None":
        """Return the URI's parts, or None if it is no SIP or SIPS URI."""
        match = _URI.fullmatch(text) if len(text) <= MAX_LENGTH else None
        if match is None:
            return None
        port = int(match["port"]) if match["port"] else None
        if port is not None and not 1 <= port <= 65_535:
            return None
        return cls(
            scheme=match["scheme"].lower(),
            user=match["user"] or "",
            host=match["host"].lower(),
            port=port,
            transport=_transport(match["parameters"]),
        )

    @property
    def ip(self) -> IPAddress | None:
        """The host as an address; None where it is a name."""
        try:
            return parse_ip(self.host.strip("[]"))
        except InvalidAddress:
            return None


def _transport(parameters: str) -> str:
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name == "transport":
            return value
    return ""
