"""The digest arithmetic of RFC 7616 section 3.4 with MD5 and SHA-256 (RFC 8760).

A password is seen once, when its two HA1 are made; nothing here can be turned back into it.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .credentials import Algorithm, Credentials


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASH: Final[dict[Algorithm, Callable[[str], str]]] = {
    Algorithm.MD5: _md5,
    Algorithm.SHA_256: _sha256,
}


@dataclass(frozen=True, slots=True)
class Secret:
    """H(username:realm:password) in both algorithms: what is stored instead of a password."""

    md5: str
    sha256: str

    @classmethod
    def of_password(cls, username: str, realm: str, password: str) -> "Secret":
        text = f"{username}:{realm}:{password}"
        return cls(md5=_md5(text), sha256=_sha256(text))

    def ha1(self, algorithm: Algorithm) -> str:
        return self.md5 if algorithm is Algorithm.MD5 else self.sha256

    def proves(self, credentials: Credentials, method: str) -> bool:
        """Return whether `credentials` answer for `method` as the owner of this secret would.

        The digest-uri is taken as sent: RFC 3261 section 22.4 lets a server leave it uncompared
        with the Request-URI, which proxies on the way rewrite. The nonce, bound to source and
        Call-ID, is what keeps credentials from serving another request.
        """
        expected = response(self.ha1(credentials.algorithm), credentials, method)
        return hmac.compare_digest(expected, credentials.response)


NOBODY: Final = Secret(md5="0" * 32, sha256="0" * 64)
"""Stands in for the secret of a user who doesn't exist: a guess at one costs the same time."""


def response(ha1: str, credentials: Credentials, method: str) -> str:
    """Return the request-digest (RFC 7616 section 3.4.1; without qop as RFC 2069 had it)."""
    hash_ = _HASH[credentials.algorithm]
    ha2 = hash_(f"{method}:{credentials.uri}")
    if not credentials.qop:
        return hash_(f"{ha1}:{credentials.nonce}:{ha2}")
    counted = f"{credentials.nonce}:{credentials.nc}:{credentials.cnonce}:{credentials.qop}"
    return hash_(f"{ha1}:{counted}:{ha2}")
