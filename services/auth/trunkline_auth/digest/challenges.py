"""The challenge a server sends (RFC 7616 section 3.3, RFC 8760 section 2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .credentials import Algorithm


@dataclass(frozen=True, slots=True)
class Challenge:
    """Asks a client for credentials, once in each algorithm, in order of preference."""

    status_code: int
    """401 asks by WWW-Authenticate, 407 by Proxy-Authenticate (SS_SIP_AUTHENTICATION_CODE)."""
    realm: str
    nonce: str
    algorithms: Sequence[Algorithm]
    stale: bool = False
    """The response was right and only the nonce was not: no need to ask the user again."""

    def header_values(self) -> list[str]:
        """Return the header's values, one for each algorithm."""
        stale = ", stale=true" if self.stale else ""
        return [
            f'Digest realm="{_quoted(self.realm)}", nonce="{self.nonce}", '
            f'algorithm={algorithm}, qop="auth"{stale}'
            for algorithm in self.algorithms
        ]


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")
