"""Vendors' passwords at rest: AES-256-GCM under a key that is not in the database.

A sealed password is bound to its gateway: moved to another one it does not open.
"""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .routing_gateway import RoutingGatewaySpec

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SEALED: Final = "sealed:"


class BadKey(Exception):
    """The key is not 32 bytes in base64, or is not the one that sealed a password."""


class Vault:
    """Seals and opens passwords."""

    def __init__(self, key: bytes) -> None:
        """Take 32 bytes. Raises `BadKey`."""
        if len(key) != KEY_BYTES:
            raise BadKey(f"the key has {len(key)} bytes: expected {KEY_BYTES}")
        self._cipher = AESGCM(key)

    def prepare(
        self, name: str, spec: RoutingGatewaySpec, previous: RoutingGatewaySpec | None
    ) -> RoutingGatewaySpec:
        """Return `spec` as it is stored; a password that did not change stays as it was sealed."""
        given = spec.credentials
        kept = previous.credentials if previous else None
        if given is None or (kept is not None and kept.password == given.password):
            return spec
        if kept is not None and self._opens_to(name, kept.password, given.password):
            return spec.model_copy(
                update={"credentials": given.model_copy(update={"password": kept.password})}
            )
        sealed = given.model_copy(update={"password": self.seal(name, given.password)})
        return spec.model_copy(update={"credentials": sealed})

    def opened(self, name: str, spec: RoutingGatewaySpec) -> RoutingGatewaySpec:
        """Return a stored spec with its password as it is used. Raises `BadKey`."""
        stored = spec.credentials
        if stored is None or not stored.password.startswith(_SEALED):
            return spec
        credentials = stored.model_copy(update={"password": self.open(name, stored.password)})
        return spec.model_copy(update={"credentials": credentials})

    def seal(self, name: str, password: str) -> str:
        """Return a password as it is stored for the gateway `name`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, password.encode(), name.encode())
        return _SEALED + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, name: str, sealed: str) -> str:
        """Return the password that was sealed. Raises `BadKey`."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_SEALED))
            nonce, text = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, name.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise BadKey(f"the password of {name} was sealed with another key") from error

    def _opens_to(self, name: str, sealed: str, password: str) -> bool:
        try:
            return secrets.compare_digest(self.open(name, sealed).encode(), password.encode())
        except BadKey:
            return False


def read_key(key: str, file: Path) -> bytes:
    """Return the key given in base64, or that in `file`, which is made when it is missing.

    Raises `BadKey` for text that is no base64.
    """
    try:
        if key:
            return base64.b64decode(key, validate=True)
        if file.exists():
            return base64.b64decode(file.read_text().strip(), validate=True)
    except ValueError as error:
        raise BadKey("the key is no base64") from error
    made = secrets.token_bytes(KEY_BYTES)
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(base64.b64encode(made).decode() + "\n")
    return made
