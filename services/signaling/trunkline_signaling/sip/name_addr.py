"""From, To, Contact, Route and their kind: `"Name" <uri>;parameters` (RFC 3261 section 20.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from .errors import MalformedValue
from .grammar import (
    NO_PARAMS,
    Params,
    format_params,
    parse_params,
    quote,
    unescape_quoted,
)
from .remember import remembered
from .uri import Uri, parse_uri

_NAME_ADDR: Final = re.compile(
    r'\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^<>",;:\\@()\[\]?=/{}]*+))\s*+<([^<>]++)>\s*+(?:;(.*))?',
    re.DOTALL,
)
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+(?:[ \t]+[A-Za-z0-9\-.!%*_+`'~]+)*")


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with an optional display name and header parameters."""

    uri: Uri
    display_name: str = ""
    params: Params = field(default_factory=dict)
    """Header parameters (`tag`, `expires`, `q`, ...), not those of the URI."""

    @staticmethod
    @remembered
    def parse(text: str) -> NameAddr:
        """Parse name-addr or addr-spec."""
        if "<" not in text:
            return _parse_addr_spec(text)
        match = _NAME_ADDR.fullmatch(text)
        if match is None:
            raise MalformedValue("an address", text)
        quoted, plain, uri, params = match.groups()
        return NameAddr(
            parse_uri(uri.strip()),
            plain.strip() if quoted is None else unescape_quoted(quoted),
            parse_params(params) if params is not None else NO_PARAMS,
        )

    def __str__(self) -> str:
        return f"{self._printed_name()}<{self.uri}>{format_params(self.params)}"

    def _printed_name(self) -> str:
        if not self.display_name:
            return ""
        if _PLAIN_NAME.fullmatch(self.display_name):
            return f"{self.display_name} "
        return quote(self.display_name) + " "

    @property
    def tag(self) -> str | None:
        """The tag of From or To."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> NameAddr:
        """Return a copy with this tag."""
        return replace(self, params={**self.params, "tag": tag})


def _parse_addr_spec(text: str) -> NameAddr:
    # Without angle brackets all parameters are the header's, and a comma or a question mark may
    # not stand in the URI (section 20).
    uri, semicolon, params = text.partition(";")
    if "?" in uri or "," in uri:
        raise MalformedValue("angle brackets around such a URI", text)
    parsed = parse_params(params.strip()) if semicolon else NO_PARAMS
    return NameAddr(parse_uri(uri.strip()), "", parsed)
