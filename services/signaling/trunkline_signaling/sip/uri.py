"""SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), and whatever other scheme turns up.

Parts are held unescaped and escaped again when printed, so `%61lice` equals `alice`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from .errors import MalformedValue
from .grammar import NO_PARAMS, Params, format_host_port, parse_host_port
from .remember import remembered

DEFAULT_PORTS: Final = {"sip": 5060, "sips": 5061}

# RFC 3261 section 25.1: mark, and what each rule adds to it.
_MARK: Final = "-_.!~*'()"
_USER: Final = _MARK + "&=+$,;?/"
_PASSWORD: Final = _MARK + "&=+$,"
_PARAM: Final = _MARK + "[]/:&+$"
_HEADER: Final = _MARK + "[]/?:+$"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_UNFIT: Final = re.compile(r'[\s<>"]')
# Parameters that two equal URIs must both have or both lack (section 19.1.4).
_DECISIVE: Final = frozenset({"user", "ttl", "method", "maddr", "transport"})


@dataclass(frozen=True, slots=True)
class SipUri:
    """A `sip:` or `sips:` URI. `==` compares what is written, `matches` what it means."""

    host: str
    """Host name or address; an IPv6 address without its brackets."""
    user: str | None = None
    port: int | None = None
    params: Params = field(default_factory=dict)
    """URI parameters by lower-case name, such as `lr`, `transport`, `user`, `maddr`."""
    password: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """What follows the question mark."""
    scheme: str = "sip"

    def __str__(self) -> str:
        text = f"{self.scheme}:"
        if self.user is not None:
            text += _escape(self.user, _USER)
            if self.password is not None:
                text += f":{_escape(self.password, _PASSWORD)}"
            text += "@"
        text += format_host_port(self.host, self.port)
        for name, value in self.params.items():
            text += f";{_escape(name, _PARAM)}"
            if value is not None:
                text += f"={_escape(value, _PARAM)}"
        if self.headers:
            fields = (f"{_escape(n, _HEADER)}={_escape(v, _HEADER)}" for n, v in self.headers)
            text += "?" + "&".join(fields)
        return text

    def __hash__(self) -> int:
        return hash((self.user, self.host, self.port))

    @property
    def effective_port(self) -> int:
        """The port, or the default of the scheme."""
        return self.port if self.port is not None else DEFAULT_PORTS[self.scheme]

    @property
    def number(self) -> str:
        """The user part without the telephone parameters behind it (section 19.1.6); "" if none."""
        return (self.user or "").partition(";")[0]

    @property
    def is_loose_router(self) -> bool:
        """Tell whether the URI carries `lr` (section 19.1.1)."""
        return "lr" in self.params

    def with_params(self, **params: str | None) -> SipUri:
        """Return a copy with these parameters added or replaced."""
        return replace(self, params={**self.params, **params})

    def matches(self, other: Uri) -> bool:
        """Compare as RFC 3261 section 19.1.4 does: `sip:a@B` matches `sip:a@b;unknown`."""
        return (
            isinstance(other, SipUri)
            and (self.scheme, self.user, self.password, self.port)
            == (other.scheme, other.user, other.password, other.port)
            and self.host.lower() == other.host.lower()
            and _params_match(self.params, other.params)
            and _headers_key(self) == _headers_key(other)
        )


@dataclass(frozen=True, slots=True)
class TelUri:
    """A `tel:` URI (RFC 3966): the number as written and its parameters."""

    number: str
    params: Params = field(default_factory=dict)

    def __str__(self) -> str:
        return f"tel:{self.number}" + "".join(
            f";{name}" if value is None else f";{name}={_escape(value, _PARAM)}"
            for name, value in self.params.items()
        )

    def __hash__(self) -> int:
        return hash(self.number)

    @property
    def user(self) -> str:
        """The number, as a SIP URI would carry it."""
        return self.number

    def matches(self, other: Uri) -> bool:
        """Compare as RFC 3966 section 5 does: without visual separators, names without case."""
        return (
            isinstance(other, TelUri)
            and _digits(self.number) == _digits(other.number)
            and {k: (v or "").lower() for k, v in self.params.items()}
            == {k: (v or "").lower() for k, v in other.params.items()}
        )


@dataclass(frozen=True, slots=True)
class OtherUri:
    """A URI of a scheme we don't speak, kept as it came."""

    scheme: str
    rest: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"

    def matches(self, other: Uri) -> bool:
        """Compare character by character."""
        return self == other


Uri = SipUri | TelUri | OtherUri


@remembered
def parse_uri(text: str) -> Uri:
    """Parse a URI of any scheme; raise `MalformedValue`."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or _UNFIT.search(text) or not _SCHEME.fullmatch(scheme):
        raise MalformedValue("a URI", text)
    scheme = scheme.lower()
    if scheme in DEFAULT_PORTS:
        return _parse_sip(scheme, rest)
    if scheme == "tel":
        number, _, params = rest.partition(";")
        return TelUri(number, _parse_uri_params(params))
    return OtherUri(scheme, rest)


def parse_sip_uri(text: str) -> SipUri:
    """Parse a URI that must be `sip:` or `sips:`."""
    uri = parse_uri(text)
    if not isinstance(uri, SipUri):
        raise MalformedValue("a SIP URI", text)
    return uri


def _parse_sip(scheme: str, rest: str) -> SipUri:
    userinfo, at, behind = rest.partition("@")
    if not at:
        userinfo, behind = "", rest
    user, colon, password = userinfo.partition(":")
    if at and not user:
        raise MalformedValue("a user before the @", rest)
    behind, question, headers = behind.partition("?")
    hostport, _, params = behind.partition(";")
    host, port = parse_host_port(hostport)
    return SipUri(
        host,
        _unescape(user) if at else None,
        port,
        _parse_uri_params(params),
        _unescape(password) if colon else None,
        _parse_headers(headers) if question else (),
        scheme,
    )


def _parse_uri_params(text: str) -> Params:
    if not text:
        return NO_PARAMS
    params: dict[str, str | None] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not name:
            raise MalformedValue("URI parameters", text)
        params[_unescape(name).lower()] = _unescape(value) if equals else None
    return params


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    headers = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise MalformedValue("URI headers", text)
        headers.append((_unescape(name), _unescape(value)))
    return tuple(headers)


def _escape(text: str, allowed: str) -> str:
    if text.isalnum() and text.isascii():
        return text
    return quote_from_bytes(text.encode("utf-8", "surrogateescape"), safe=allowed)


def _unescape(text: str) -> str:
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise MalformedValue("two hexadecimal digits behind %", text)
    raw = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return raw.decode("utf-8", "surrogateescape")


def _params_match(left: Params, right: Params) -> bool:
    for name in left.keys() | right.keys():
        both = name in left and name in right
        if not both and name in _DECISIVE:
            return False
        if both and (left[name] or "").lower() != (right[name] or "").lower():
            return False
    return True


def _headers_key(uri: SipUri) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in uri.headers)


def _digits(number: str) -> str:
    return number.lower().translate(str.maketrans("", "", "-.()"))
