"""The values of single lines: origin, rtpmap, crypto, direction (RFC 8866, RFC 4568)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from ..errors import MalformedValue
from ..grammar import parse_uint

_MAX_DIGITS: Final = 40


class Direction(StrEnum):
    """Which way media flows, seen from who sends the description (RFC 8866 section 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def reversed(self) -> Direction:
        """The same flow seen from the other side."""
        return _REVERSED.get(self, self)


_REVERSED: Final = {
    Direction.SENDONLY: Direction.RECVONLY,
    Direction.RECVONLY: Direction.SENDONLY,
}


class Origin(NamedTuple):
    """Who made the description, and which version of it this is (section 5.2)."""

    username: str
    session_id: int
    version: int
    address: str
    address_type: str = "IP4"

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Parse the value of `o=`."""
        parts = text.split()
        if len(parts) != 6:
            raise MalformedValue("six fields in o=", text)
        user, session_id, version, _, address_type, address = parts
        return cls(user, _decimal(session_id), _decimal(version), address, address_type)

    def next_version(self) -> Origin:
        """Return the origin of a changed description of the same session (RFC 3264 section 8)."""
        return self._replace(version=self.version + 1)

    def __str__(self) -> str:
        who = f"{self.username} {self.session_id} {self.version}"
        return f"{who} IN {self.address_type} {self.address}"


def _decimal(text: str) -> int:
    """Parse a number that is longer than 64 bits in the field (RFC 8866 section 5.2)."""
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise MalformedValue(f"a number of at most {_MAX_DIGITS} digits", text)
    return int(text)


class RtpMap(NamedTuple):
    """What a payload type means (section 6.6)."""

    payload_type: int
    encoding: str
    clock_rate: int
    channels: int = 1

    @classmethod
    def parse(cls, text: str) -> RtpMap:
        """Parse `8 PCMA/8000`."""
        payload_type, _, codec = text.strip().partition(" ")
        parts = codec.strip().split("/")
        if len(parts) not in (2, 3) or not parts[0]:
            raise MalformedValue("payload type, encoding and clock rate", text)
        return cls(
            parse_uint(payload_type, 127, "a payload type"),
            parts[0],
            parse_uint(parts[1], expected="a clock rate"),
            parse_uint(parts[2], 255, "channels") if len(parts) == 3 else 1,
        )

    def __str__(self) -> str:
        channels = f"/{self.channels}" if self.channels != 1 else ""
        return f"{self.payload_type} {self.encoding}/{self.clock_rate}{channels}"


@dataclass(frozen=True, slots=True)
class Crypto:
    """An SRTP key offered in the description (RFC 4568 section 4)."""

    tag: int
    suite: str
    key_params: str
    session_params: str = ""

    @classmethod
    def parse(cls, text: str) -> Crypto:
        """Parse `1 AES_CM_128_HMAC_SHA1_80 inline:...`."""
        parts = text.split(None, 3)
        if len(parts) < 3:
            raise MalformedValue("tag, suite and key", "a=crypto")  # the key itself is a secret
        tag = parse_uint(parts[0], 999_999_999, "a tag")
        return cls(tag, parts[1], parts[2], parts[3] if len(parts) == 4 else "")

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} {self.key_params} {self.session_params}".rstrip()


def address_type(address: str) -> str:
    """Return `IP4` or `IP6` for an address or host name."""
    return "IP6" if ":" in address else "IP4"
