"""The Via header field (RFC 3261 section 20.42, RFC 3581)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from .errors import MalformedValue
from .grammar import (
    NO_PARAMS,
    Params,
    format_host_port,
    format_params,
    parse_host,
    parse_params,
    parse_uint,
)
from .remember import remembered

BRANCH_MAGIC: Final = "z9hG4bK"
"""What begins every branch made after RFC 3261 section 8.1.1.7."""

# Possessive quantifiers keep it linear whatever a datagram holds.
_VIA: Final = re.compile(
    r"SIP\s*+/\s*+2\.0\s*+/\s*+([^\s;/]++)\s++(\[[^\]]*+\]|[^\s:;\[\],]++)\s*+"
    r"(?::\s*+([0-9]++)\s*+)?(?:;(.*))?",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the way a response goes back."""

    transport: str
    """`UDP`, `TCP`, `TLS`, ... in upper case."""
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)

    @staticmethod
    @remembered
    def parse(text: str) -> Via:
        """Parse one Via value."""
        match = _VIA.fullmatch(text)
        if match is None:
            raise MalformedValue("SIP/2.0/transport host:port;parameters", text)
        transport, host, port, params = match.groups()
        return Via(
            transport.upper(),
            parse_host(host),
            parse_uint(port, 65535, "a port") if port else None,
            parse_params(params) if params is not None else NO_PARAMS,
        )

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{format_params(self.params)}"

    @property
    def sent_by(self) -> str:
        """`host[:port]` as written."""
        return format_host_port(self.host, self.port)

    @property
    def branch(self) -> str | None:
        """The branch parameter."""
        return self.params.get("branch")

    @property
    def wants_rport(self) -> bool:
        """Tell whether the sender asks for an answer to its source port (RFC 3581)."""
        return "rport" in self.params

    def with_received(self, host: str, port: int) -> Via:
        """Return a copy that tells where the request came from (RFC 3581 section 4)."""
        params = {**self.params, "received": host}
        if self.wants_rport:
            params["rport"] = str(port)
        return Via(self.transport, self.host, self.port, params)
