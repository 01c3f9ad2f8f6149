"""Requests and responses (RFC 3261 section 7): what they hold, and how they are printed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .errors import LocalProtocolError, MalformedValue
from .headers import Headers
from .methods import reason_phrase
from .uri import Uri, parse_uri

SIP_VERSION: Final = "SIP/2.0"

# What a response repeats from its request beside all Vias (section 8.2.6.2). Where a malformed
# request has one of these twice, the first will do.
_ECHOED: Final = ("From", "To", "Call-ID", "CSeq")


@dataclass(slots=True)
class Request:
    """A SIP request. `target` is the Request-URI as text; `request_uri` parses it."""

    method: str
    target: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def request_uri(self) -> Uri:
        """The Request-URI. Raises `MalformedValue`."""
        return parse_uri(self.target)

    @property
    def from_tag(self) -> str | None:
        """Tag of From."""
        return self.headers.from_.tag

    @property
    def to_tag(self) -> str | None:
        """Tag of To; None outside a dialog."""
        return self.headers.to.tag

    def reply(
        self, status: int, reason: str = "", *, to_tag: str = "", body: bytes = b""
    ) -> Response:
        """Build a response: Via, From, Call-ID, CSeq and To are copied (section 8.2.6.2).

        `to_tag` is added where To has none yet; a 100 goes without.
        """
        headers = Headers()
        headers.copy_from(self.headers, "Via")
        for name in _ECHOED:
            values = self.headers.raw.get(name)
            if values:
                headers.raw[name] = values[:1]
        if to_tag and "To" in headers and not _has_tag(self.headers):
            headers.set("To", f"{headers.get('To')};tag={to_tag}")
        return Response(status, reason or reason_phrase(status), headers, body)

    def encode(self) -> bytes:
        """Print the request, Content-Length included."""
        return _encode(f"{self.method} {self.target} {SIP_VERSION}", self.headers, self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(slots=True)
class Response:
    """A SIP response."""

    status: int
    """100 to 699."""
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @property
    def from_tag(self) -> str | None:
        """Tag of From."""
        return self.headers.from_.tag

    @property
    def to_tag(self) -> str | None:
        """Tag of To."""
        return self.headers.to.tag

    @property
    def method(self) -> str:
        """Method of the request this answers."""
        return self.headers.cseq.method

    @property
    def is_provisional(self) -> bool:
        """Tell whether this is a 1xx."""
        return self.status < 200

    @property
    def is_success(self) -> bool:
        """Tell whether this is a 2xx."""
        return 200 <= self.status < 300

    def encode(self) -> bytes:
        """Print the response, Content-Length included."""
        return _encode(f"{SIP_VERSION} {self.status} {self.reason}", self.headers, self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"


Message = Request | Response


def _has_tag(headers: Headers) -> bool:
    to = headers.get("To")
    if to is None or ";" not in to:
        return False
    try:
        return headers.to.tag is not None
    except MalformedValue:
        return True  # what can't be read is repeated as it came


def _encode(start_line: str, headers: Headers, body: bytes) -> bytes:
    if "\n" in start_line or "\r" in start_line:
        raise LocalProtocolError(f"a line break in the start line: {start_line!r}")
    lines = [start_line]
    for name, values in headers.raw.items():
        for value in values:
            lines.append(f"{name}: {value}")
    lines.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body
