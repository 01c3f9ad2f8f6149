"""Header fields that nothing here understands, and that go through to the callee (SIG-12)."""

from __future__ import annotations

from typing import Final

from ..sip.errors import MalformedValue
from ..sip.header_names import canonical
from ..sip.headers import Headers
from .policy import ExtraHeaders

OF_DIALOG: Final = frozenset(
    {"Call-ID", "Contact", "CSeq", "From", "In-Reply-To", "Join", "Replaces", "Session-ID"}
    | {"Target-Dialog", "To"}
)
"""What names a dialog. The two legs have nothing of it in common (RFC 7092 section 3.1)."""

OF_HOP: Final = frozenset(
    {"Max-Forwards", "Path", "Record-Route", "Route", "Service-Route", "Timestamp", "Via"}
    | {"Authorization", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Require"}
    | {"Security-Client", "Security-Server", "Security-Verify", "WWW-Authenticate"}
    | {"Allow", "Allow-Events", "Min-SE", "Require", "RSeq", "Session-Expires", "Supported"}
    | {"Accept", "Accept-Encoding", "Unsupported", "Reason", "Retry-After"}
)
"""What one peer tells the next: the way, credentials, what it can do."""

OF_BODY: Final = frozenset(
    {"Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length"}
    | {"Content-Type", "MIME-Version"}
)

OF_CALLER: Final = frozenset(
    {"P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "Remote-Party-ID"}
)
"""What routing decides for each candidate (SIG-11, SIG-12, SIG-15)."""

NEVER: Final = OF_DIALOG | OF_HOP | OF_BODY | OF_CALLER
"""What is copied under no policy."""

UNDERSTOOD: Final = NEVER | {"User-Agent"}
"""What is not unknown here, so that "all" leaves it out."""


def copy_extra_headers(headers: Headers, received: Headers, wanted: ExtraHeaders) -> None:
    """Copy what the policy wants of the caller's INVITE into ours, as it came."""
    if wanted.all:
        headers.copy_from(received, *(name for name in received if name not in UNDERSTOOD))
    named = map(_spelling, wanted.names)
    headers.copy_from(received, *(name for name in named if name and name not in NEVER))


def _spelling(name: str) -> str:
    try:
        return canonical(name)
    except MalformedValue:
        return ""
