"""Nonces that any replica verifies and none has to remember (AUT-02, RFC 7616 section 5.4).

A nonce is `issue time | salt | mac`, base64url. The mac, keyed with a secret all replicas share,
also covers the authentication session it was made for: the nonce is foreign to every other one.
"""

import base64
import binascii
import hashlib
import hmac
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

MIN_SECRET_BYTES: Final = 16
_STAMP_BYTES: Final = 8
_SALT_BYTES: Final = 8
_MAC_BYTES: Final = 14  # 112 bits, and the whole nonce is 30 bytes: 40 characters without padding
_MILLISECOND: Final = timedelta(milliseconds=1)
_AHEAD: Final = timedelta(seconds=2)  # how far another replica's clock may run before ours


class NonceState(Enum):
    """What a nonce is worth for one session at one time."""

    FRESH = auto()
    STALE = auto()
    """Expired, of another session, or never ours."""


@dataclass(frozen=True, slots=True)
class Nonces:
    """Issues and checks nonces with one shared secret."""

    secret: bytes
    """At least `MIN_SECRET_BYTES`; the same on every replica."""

    def issue(self, session: str, now: datetime, rng: random.Random) -> str:
        """Return a new nonce for the authentication session named `session`."""
        stamp = int(now.timestamp() * 1000).to_bytes(_STAMP_BYTES, "big")
        head = stamp + rng.randbytes(_SALT_BYTES)
        return base64.urlsafe_b64encode(head + self._mac(head, session)).decode()

    def check(self, nonce: str, session: str, now: datetime, lifetime: timedelta) -> NonceState:
        """Return what `nonce` is worth to `session`; any text is a fair question."""
        raw = _decoded(nonce)
        head, mac = raw[: _STAMP_BYTES + _SALT_BYTES], raw[_STAMP_BYTES + _SALT_BYTES :]
        if not hmac.compare_digest(mac, self._mac(head, session)):
            return NonceState.STALE
        age_ms = int(now.timestamp() * 1000) - int.from_bytes(head[:_STAMP_BYTES], "big")
        if not -(_AHEAD // _MILLISECOND) <= age_ms <= lifetime // _MILLISECOND:
            return NonceState.STALE
        return NonceState.FRESH

    def _mac(self, head: bytes, session: str) -> bytes:
        message = head + session.encode("utf-8", "surrogateescape")
        return hmac.digest(self.secret, message, hashlib.sha256)[:_MAC_BYTES]


def _decoded(nonce: str) -> bytes:
    try:
        return base64.b64decode(nonce.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
