"""Entity tags that any instance reads and none has to remember (SIG-14, RFC 3903 section 4.1).

A tag is `calls | issued | expires | salt | mac`, base64url. The mac, keyed with a secret that all
instances share, also covers the gateway's name: the tag is foreign to every other one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from random import Random
from typing import Final

_CALLS: Final = 4
_STAMP: Final = 6
_SALT: Final = 6
_MAC: Final = 14  # 112 bits, and the whole is 36 bytes: 48 characters without padding


@dataclass(frozen=True, slots=True)
class Tagged:
    """What a tag says of a publication."""

    calls: int
    issued: float
    """UNIX seconds, to the millisecond: the latest publication holds."""
    expires: float
    """UNIX seconds, to the millisecond."""


class EntityTags:
    """Makes and reads tags with one secret."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is the same on every instance, and after a restart."""
        self._secret = secret

    def make(self, gateway: str, tagged: Tagged, random: Random) -> str:
        """Return the tag of a publication."""
        stamps = (round(each * 1000) for each in (tagged.issued, tagged.expires))
        head = tagged.calls.to_bytes(_CALLS, "big")
        head += b"".join(each.to_bytes(_STAMP, "big") for each in stamps)
        head += random.randbytes(_SALT)
        return base64.urlsafe_b64encode(head + self._mac(head, gateway)).decode()

    def read(self, gateway: str, tag: str) -> Tagged | None:
        """Return what a tag says; None for one that is not this gateway's."""
        raw = _decoded(tag)
        head, mac = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(head, gateway)):
            return None
        issued, expires = head[_CALLS : _CALLS + _STAMP], head[_CALLS + _STAMP : -_SALT]
        return Tagged(
            int.from_bytes(head[:_CALLS], "big"),
            int.from_bytes(issued, "big") / 1000,
            int.from_bytes(expires, "big") / 1000,
        )

    def _mac(self, head: bytes, gateway: str) -> bytes:
        return hmac.digest(self._secret, head + gateway.encode(), hashlib.sha256)[:_MAC]


def _decoded(tag: str) -> bytes:
    try:
        return base64.b64decode(tag.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
