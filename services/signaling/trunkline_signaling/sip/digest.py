"""Digest authentication (RFC 7616, RFC 8760; RFC 2069 style challenges without qop).

Challenges, credentials and the response both sides compute. Who may do what is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .errors import MalformedValue
from .grammar import quote, unescape_quoted

_PARAM: Final = re.compile(
    r'\s*+([^\s,="]++)\s*+=\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^\s,"]*+))\s*+(?:,|$)', re.DOTALL
)
_NC: Final = re.compile(r"[0-9A-Fa-f]{8}")


class Algorithm(StrEnum):
    """Hash algorithms we compute."""

    MD5 = "MD5"
    SHA_256 = "SHA-256"

    def digest(self, text: str) -> str:
        """Return the hash of `text` in lower-case hexadecimal."""
        data = text.encode("utf-8", "surrogateescape")
        if self is Algorithm.SHA_256:
            return hashlib.sha256(data).hexdigest()
        return hashlib.md5(data, usedforsecurity=False).hexdigest()


def parse_auth_params(text: str) -> tuple[str, dict[str, str]]:
    """Split `Scheme name=value, name="value"` into the scheme and its parameters."""
    scheme, _, rest = text.strip().partition(" ")
    params: dict[str, str] = {}
    position = 0
    while position < len(rest):
        match = _PARAM.match(rest, position)
        if match is None:
            raise MalformedValue("authentication parameters", scheme)  # no secrets in errors
        name, quoted, plain = match.groups()
        params[name.lower()] = plain if quoted is None else unescape_quoted(quoted)
        position = match.end()
    return scheme, params


@dataclass(frozen=True, slots=True)
class Challenge:
    """WWW-Authenticate or Proxy-Authenticate of scheme Digest (RFC 7616 section 3.3)."""

    realm: str
    nonce: str
    algorithm: str = Algorithm.MD5
    """As the server wrote it; `supported` tells whether we compute it."""
    qop: frozenset[str] = frozenset()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Parse one challenge. Raises `MalformedValue`, also for schemes other than Digest."""
        params = _digest_params(text)
        return cls(
            _need(params, "realm"),
            _need(params, "nonce"),
            params.get("algorithm", Algorithm.MD5),
            frozenset(q.strip().lower() for q in params.get("qop", "").split(",") if q.strip()),
            params.get("opaque"),
            params.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        text = f"Digest realm={quote(self.realm)}, nonce={quote(self.nonce)}"
        text += f", algorithm={self.algorithm}"
        if self.qop:
            text += f', qop="{",".join(sorted(self.qop))}"'
        if self.opaque is not None:
            text += f", opaque={quote(self.opaque)}"
        return text + (", stale=true" if self.stale else "")

    @property
    def supported(self) -> bool:
        """Tell whether `answer` can answer it: a known algorithm, and qop auth or none."""
        return _algorithm(self.algorithm) is not None and (not self.qop or "auth" in self.qop)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Authorization or Proxy-Authorization of scheme Digest (RFC 7616 section 3.4)."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = Algorithm.MD5
    qop: str | None = None
    cnonce: str | None = None
    nc: str | None = None
    """Eight hexadecimal digits: how often the client used this nonce."""
    opaque: str | None = None

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """Parse credentials. Raises `MalformedValue`, also for schemes other than Digest."""
        params = _digest_params(text)
        nc = params.get("nc")
        if nc is not None and not _NC.fullmatch(nc):
            raise MalformedValue("eight hexadecimal digits in nc", nc)
        return cls(
            _need(params, "username"),
            _need(params, "realm"),
            _need(params, "nonce"),
            _need(params, "uri"),
            _need(params, "response").lower(),
            params.get("algorithm", Algorithm.MD5),
            params.get("qop"),
            params.get("cnonce"),
            nc,
            params.get("opaque"),
        )

    def __str__(self) -> str:
        text = (
            f"Digest username={quote(self.username)}, realm={quote(self.realm)},"
            f" nonce={quote(self.nonce)}, uri={quote(self.uri)},"
            f' response="{self.response}", algorithm={self.algorithm}'
        )
        if self.qop is not None:
            text += f", qop={self.qop}, cnonce={quote(self.cnonce or '')}, nc={self.nc}"
        return text if self.opaque is None else f"{text}, opaque={quote(self.opaque)}"

    @property
    def nonce_count(self) -> int | None:
        """`nc` as a number."""
        return None if self.nc is None else int(self.nc, 16)

    def verify(self, method: str, ha1: str) -> bool:
        """Tell whether the response is the right one for this HA1, in constant time."""
        algorithm = _algorithm(self.algorithm)
        if algorithm is None or (self.qop is not None and self.qop.lower() != "auth"):
            return False
        if self.qop is not None and (self.cnonce is None or self.nc is None):
            return False
        right = compute_response(
            algorithm, ha1, method, self.uri, self.nonce, self.qop, self.cnonce, self.nc
        )
        return hmac.compare_digest(right.encode(), self.response.encode("utf-8", "replace"))


def compute_ha1(algorithm: Algorithm, username: str, realm: str, password: str) -> str:
    """Return H(username:realm:password), the form in which secrets are stored."""
    return algorithm.digest(f"{username}:{realm}:{password}")


def compute_response(
    algorithm: Algorithm,
    ha1: str,
    method: str,
    uri: str,
    nonce: str,
    qop: str | None = None,
    cnonce: str | None = None,
    nc: str | None = None,
) -> str:
    """Return the response (RFC 7616 section 3.4.1); without qop that of RFC 2069."""
    ha2 = algorithm.digest(f"{method}:{uri}")
    if qop is None:
        return algorithm.digest(f"{ha1}:{nonce}:{ha2}")
    return algorithm.digest(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}")


def answer(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str,
    nonce_count: int = 1,
) -> Credentials:
    """Answer a challenge that is `supported`.

    `cnonce` is random; `nonce_count` is 1 for a new nonce and grows with each use of it.
    """
    algorithm = _algorithm(challenge.algorithm)
    if algorithm is None or not challenge.supported:
        raise MalformedValue("a digest we support", challenge.algorithm)
    qop, nc = ("auth", f"{nonce_count:08x}") if challenge.qop else (None, None)
    ha1 = compute_ha1(algorithm, username, challenge.realm, password)
    response = compute_response(
        algorithm, ha1, method, uri, challenge.nonce, qop, cnonce if qop else None, nc
    )
    return Credentials(
        username,
        challenge.realm,
        challenge.nonce,
        uri,
        response,
        algorithm,
        qop,
        cnonce if qop else None,
        nc,
        challenge.opaque,
    )


def challenges_in(lines: Iterable[str]) -> Iterator[Challenge]:
    """Yield the challenges of a header field; other schemes and what is malformed are left out."""
    for line in lines:
        with suppress(MalformedValue):
            yield Challenge.parse(line)


def _algorithm(name: str) -> Algorithm | None:
    upper = name.upper()
    return Algorithm(upper) if upper in Algorithm.__members__.values() else None


def _digest_params(text: str) -> Mapping[str, str]:
    scheme, params = parse_auth_params(text)
    if scheme.lower() != "digest":
        raise MalformedValue("the Digest scheme", scheme)
    return params


def _need(params: Mapping[str, str], name: str) -> str:
    if name not in params:
        raise MalformedValue(f"parameter {name}", ", ".join(params))
    return params[name]
