"""Tokens of logged-in operators: signed, so that any replica knows them and none keeps them.

A token names the operator, when it lapses, and a fingerprint of the password it was got with: a new
password, like a removed operator, ends it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from .authority import Operator

_MAC_BYTES: Final = 32
_CONTEXT: Final = b"trunkline operator token 1"  # the key serves nonces as well


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says."""

    name: str
    expires: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens with a secret that all replicas share."""

    secret: bytes
    lifetime: timedelta

    def issue(self, operator: Operator, now: datetime) -> tuple[str, datetime]:
        """Return a token and when it lapses."""
        expires = (now + self.lifetime).replace(microsecond=0)
        claim = [operator.name, int(expires.timestamp()), fingerprint(operator)]
        body = json.dumps(claim).encode()
        return base64.urlsafe_b64encode(self._mac(body) + body).decode(), expires

    def read(self, token: str, now: datetime) -> Claim | None:
        """Return what a token says; None if it is not ours or has lapsed."""
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        name, expires, mark = json.loads(body)
        claim = Claim(name, datetime.fromtimestamp(expires, UTC), mark)
        return claim if claim.expires > now else None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self.secret, _CONTEXT + body, hashlib.sha256)


def fingerprint(operator: Operator) -> str:
    """Return a mark of the operator's present password that doesn't tell it."""
    return hashlib.sha256(operator.password_hash.encode()).hexdigest()[:16]
