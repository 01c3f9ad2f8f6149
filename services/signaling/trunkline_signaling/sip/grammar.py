"""The rules of RFC 3261 section 25.1 that more than one header field shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from typing import Final

from .errors import MalformedValue

Params = Mapping[str, str | None]
"""Parameters by lower-case name, values unquoted; None for a parameter without a value."""

NO_PARAMS: Final[Params] = {}

MAX_UINT32: Final = 2**32 - 1

_TOKEN: Final = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_STRING: Final = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_UNSAFE_PARAM: Final = re.compile(r'[\s",;<>\\=?]|^$')
# Possessive quantifiers keep these patterns linear whatever a datagram holds.
_ELEMENT: Final = re.compile(r'(?:[^,"<]++|"(?:[^"\\]++|\\.)*+"|<[^>]*+>)++', re.DOTALL)
_PARAM: Final = re.compile(
    r'\s*+([^\s;=",<>]++)\s*+(?:=\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^\s;",<>]*+))\s*+)?(?:;|$)',
    re.DOTALL,
)
_HOST: Final = re.compile(r"[A-Za-z0-9._\-]+")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]++")
_ODD_IPV6: Final = re.compile(r":::(?=[0-9]++\.)")
"""What RFC 3261's grammar allows before an IPv4 address by mistake (RFC 5118 section 4.10)."""


def is_token(text: str) -> bool:
    """Tell whether `text` is a token."""
    return _TOKEN.fullmatch(text) is not None


def parse_uint(text: str, limit: int = MAX_UINT32, expected: str = "a number") -> int:
    """Return the decimal number `text`, at most `limit`."""
    if not (text.isascii() and text.isdigit()) or len(text) > 40 or (value := int(text)) > limit:
        raise MalformedValue(f"{expected} from 0 to {limit}", text)
    return value


def split_values(text: str) -> list[str]:
    """Split a header value at the commas outside quotes and angle brackets (section 7.3.1)."""
    if "," not in text:
        return [text.strip()]
    if '"' not in text and "<" not in text:
        return [part.strip() for part in text.split(",")]
    values = []
    end = -1
    while end < len(text):
        match = _ELEMENT.match(text, end + 1)
        if match is None or (match.end() < len(text) and text[match.end()] != ","):
            raise MalformedValue("balanced quotes and angle brackets", text)
        values.append(match[0].strip())
        end = match.end()
    return values


def quote(text: str) -> str:
    """Return `text` as a quoted-string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """Return the content of a quoted-string."""
    match = _QUOTED_STRING.fullmatch(text)
    if match is None:
        raise MalformedValue("a quoted string", text)
    return unescape_quoted(match[1])


def unescape_quoted(text: str) -> str:
    """Resolve the quoted-pairs in `text`, the inside of a quoted-string."""
    return _QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text


def parse_params(text: str) -> Params:
    """Parse `name=value;name`, the part behind the first semicolon."""
    if '"' in text or " " in text or "\t" in text:
        return _parse_params_slowly(text)
    params: dict[str, str | None] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not name:
            raise MalformedValue("parameters", text)
        params[name.lower()] = value if equals else None
    return params


def _parse_params_slowly(text: str) -> Params:
    params: dict[str, str | None] = {}
    position = 0
    while True:
        match = _PARAM.match(text, position)
        if match is None:
            raise MalformedValue("parameters", text)
        name, quoted, plain = match.groups()
        params[name.lower()] = plain if quoted is None else unescape_quoted(quoted)
        position = match.end()
        if position >= len(text) and not match[0].endswith(";"):
            return params


def format_params(params: Params) -> str:
    """Print parameters, each with its semicolon; values are quoted where they need it."""
    text = ""
    for name, value in params.items():
        if value is None:
            text += f";{name}"
        elif value.isalnum() or not _UNSAFE_PARAM.search(value):
            text += f";{name}={value}"
        else:
            text += f";{name}={quote(value)}"
    return text


def parse_host(text: str) -> str:
    """Check a host name or address; an IPv6 reference loses its brackets."""
    if _HOST.fullmatch(text):
        return text
    if text.startswith("[") and text.endswith("]") and _IPV6.fullmatch(text, 1, len(text) - 1):
        address = _ODD_IPV6.sub("::", text[1:-1])
        if _is_ipv6(address):
            return address
    raise MalformedValue("a host name or address", text)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Parse `host[:port]`."""
    if text.startswith("["):
        host, bracket, rest = text.partition("]")
        host += bracket
        colon, port = rest[:1], rest[1:]
        if colon not in ("", ":"):
            raise MalformedValue("a port behind the address", text)
    else:
        host, colon, port = text.partition(":")
    return parse_host(host), parse_uint(port, 65535, "a port") if colon else None


def format_host_port(host: str, port: int | None) -> str:
    """Print `host[:port]`, an IPv6 address in brackets."""
    if ":" in host:
        host = f"[{host}]"
    return host if port is None else f"{host}:{port}"
