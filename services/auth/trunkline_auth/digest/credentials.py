"""Digest credentials as a client sends them (RFC 7616 section 3.4, RFC 3261 section 25.1).

The parser is exact: a value that the grammar does not allow is refused, never guessed at. Values
of other schemes are nobody's mistake; they parse to None and are looked at no further.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..errors import MalformedCredentials

MAX_LENGTH: Final = 4096  # the longest real ones are under 600 characters

_TOKEN: Final = r"[A-Za-z0-9\-.!%*_+`'~]+"  # RFC 3261 section 25.1  # noqa: S105 - a grammar rule
_QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x00-\x09\x0b\x0c\x0e-\x7f])*"'
_SCHEME: Final = re.compile(rf"[ \t\r\n]*({_TOKEN})(?:[ \t\r\n]+|$)")
_PARAMETER: Final = re.compile(
    rf"({_TOKEN})[ \t\r\n]*=[ \t\r\n]*({_QUOTED}|{_TOKEN})[ \t\r\n]*(?:,[ \t\r\n]*|$)"
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_NONCE_COUNT: Final = re.compile(r"[0-9a-fA-F]{8}")
_RESPONSE_LENGTH: Final = {"MD5": 32, "SHA-256": 64}
_REQUIRED: Final = ("username", "realm", "nonce", "uri", "response")


class Algorithm(StrEnum):
    """Digest algorithms that are offered and understood (RFC 8760 section 2.1)."""

    MD5 = "MD5"
    SHA_256 = "SHA-256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one Authorization or Proxy-Authorization header says."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    """Lower-case hexadecimal digits, as many as the algorithm makes."""
    algorithm: Algorithm = Algorithm.MD5
    cnonce: str = ""
    qop: str = ""
    """Empty where the client uses no quality of protection, as RFC 2069 had it."""
    nc: str = ""
    """The nonce count as written, since the response covers its spelling. Empty without qop."""

    @property
    def nonce_count(self) -> int:
        """How many requests the client says it made with this nonce; 1 where it doesn't count."""
        return int(self.nc, 16) if self.nc else 1

    @classmethod
    def parse(cls, value: str) -> "Credentials | None":
        """Return the credentials in a header value, or None if its scheme is not Digest.

        Raises:
            MalformedCredentials: The scheme is Digest and the rest is not as RFC 7616 has it.
        """
        scheme = _SCHEME.match(value)
        if scheme is None:
            raise MalformedCredentials("expected a scheme and parameters")
        if scheme[1].lower() != "digest":
            return None
        return cls._from_parameters(_parameters(value, scheme.end()))

    @classmethod
    def _from_parameters(cls, parameters: dict[str, str]) -> "Credentials":
        missing = [name for name in _REQUIRED if not parameters.get(name)]
        if missing:
            raise MalformedCredentials(f"{missing[0]} is missing")
        algorithm = _algorithm(parameters.get("algorithm", "MD5"))
        return cls(
            username=parameters["username"],
            realm=parameters["realm"],
            nonce=parameters["nonce"],
            uri=parameters["uri"],
            response=_response(parameters["response"], algorithm),
            algorithm=algorithm,
            **_protection(parameters),
        )


def _parameters(value: str, position: int) -> dict[str, str]:
    if len(value) > MAX_LENGTH:
        raise MalformedCredentials(f"longer than {MAX_LENGTH} characters")
    parameters: dict[str, str] = {}
    while position < len(value):
        parameter = _PARAMETER.match(value, position)
        if parameter is None:
            raise MalformedCredentials(f"expected name=value at character {position}")
        name = parameter[1].lower()
        if name in parameters:
            raise MalformedCredentials(f"{name} appears twice")
        parameters[name] = _unquoted(parameter[2])
        position = parameter.end()
    return parameters


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    inner = text[1:-1]
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def _algorithm(text: str) -> Algorithm:
    try:
        return Algorithm(text.upper())
    except ValueError:
        raise MalformedCredentials(f"algorithm {text} was not offered") from None


def _response(text: str, algorithm: Algorithm) -> str:
    response = text.lower()
    if len(response) != _RESPONSE_LENGTH[algorithm] or response.strip("0123456789abcdef"):
        raise MalformedCredentials(
            f"response is not {_RESPONSE_LENGTH[algorithm]} hexadecimal digits"
        )
    return response


def _protection(parameters: dict[str, str]) -> dict[str, str]:
    qop = parameters.get("qop")
    if qop is None:
        return {}
    if qop.lower() != "auth":
        raise MalformedCredentials(f"qop {qop} was not offered")
    cnonce = parameters.get("cnonce", "")
    if not cnonce:
        raise MalformedCredentials("cnonce is missing beside qop")
    nc = parameters.get("nc", "")
    if not _NONCE_COUNT.fullmatch(nc) or int(nc, 16) == 0:
        raise MalformedCredentials("nc is not eight hexadecimal digits above zero")
    return {"qop": qop, "cnonce": cnonce, "nc": nc}
