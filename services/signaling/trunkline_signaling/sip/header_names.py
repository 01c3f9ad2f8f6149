"""Names of header fields: one spelling for each, whatever case or compact form came in."""

from __future__ import annotations

from typing import Final

from .errors import MalformedValue
from .grammar import is_token

# Names whose canonical spelling isn't each word capitalized.
_SPELLINGS: Final = (
    "Call-ID",
    "CSeq",
    "WWW-Authenticate",
    "MIME-Version",
    "RAck",
    "Session-ID",
    "RSeq",
    "SIP-ETag",
    "SIP-If-Match",
    "Min-SE",
    "Content-ID",
    "P-DCS-Billing-Info",
    "P-DCS-LAES",
    "P-DCS-OSPS",
    "P-DCS-Redirect",
    "P-DCS-Trace-Party-ID",
    "Remote-Party-ID",
    "P-Charging-Function-Addresses",
    "P-RTP-Stat",
    "X-RTP-Stat",
)

# RFC 3261 section 7.3.3 and the IANA registry of compact forms.
_COMPACT: Final = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}

_MAX_CACHED: Final = 2048  # the names come from the network; without a bound so would our memory
_by_lower: Final = {name.lower(): name for name in _SPELLINGS} | _COMPACT
CANONICAL: Final[dict[str, str]] = {}
"""Spellings met so far; `canonical` asks it first, and so may whoever is in a hurry."""


def canonical(name: str) -> str:
    """Return the one spelling of a header name: `v` and `VIA` are `Via`, `x-foo` is `X-Foo`."""
    return CANONICAL.get(name) or _learn(name)


def _learn(name: str) -> str:
    stripped = name.rstrip(" \t")  # section 7.3.1 allows space before the colon
    if not is_token(stripped):
        raise MalformedValue("a header name", name)
    lower = stripped.lower()
    spelling = _by_lower.get(lower) or "-".join(word.capitalize() for word in lower.split("-"))
    if len(CANONICAL) < _MAX_CACHED:
        CANONICAL[name] = spelling
    return spelling
