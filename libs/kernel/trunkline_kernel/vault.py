"""Secrets at rest that cannot be hashed: AES-256-GCM under a key that is not in the database.

What is sealed is bound to a name: moved to another one it does not open.
"""

import base64
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .settings import VaultSettings

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SEALED: Final = "sealed:"
_URL_SAFE: Final = str.maketrans("-_", "+/")


class BadKey(Exception):
    """The key is not 32 bytes in base64, or is not the one that sealed a secret."""


class Vault:
    """Seals and opens secrets."""

    def __init__(self, key: bytes) -> None:
        """Take 32 bytes. Raises `BadKey`."""
        if len(key) != KEY_BYTES:
            raise BadKey(f"the key has {len(key)} bytes: expected {KEY_BYTES}")
        self._key = key
        self._cipher = AESGCM(key)

    def derive(self, purpose: str) -> bytes:
        """Return a secret of 32 bytes for one purpose, which tells nothing of the key."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def seal(self, name: str, secret: str) -> str:
        """Return a secret as it is stored for `name`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), name.encode())
        return _SEALED + base64.urlsafe_b64encode(nonce + sealed).decode()

    def seal_anew(self, name: str, secret: str, stored: str | None) -> str:
        """Return a secret as it is stored; one that did not change stays as it was sealed."""
        if stored is not None and (stored == secret or self._opens_to(name, stored, secret)):
            return stored
        return self.seal(name, secret)

    def open(self, name: str, sealed: str) -> str:
        """Return the secret that was sealed; one that never was, as it is. Raises `BadKey`."""
        if not sealed.startswith(_SEALED):
            return sealed
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_SEALED))
            nonce, text = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, text, name.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise BadKey(f"the secret of {name} was sealed with another key") from error

    def _opens_to(self, name: str, sealed: str, secret: str) -> bool:
        try:
            return secrets.compare_digest(self.open(name, sealed).encode(), secret.encode())
        except BadKey:
            return False


def open_vault(settings: VaultSettings) -> Vault:
    """Return the vault that a service's settings name. Raises `BadKey`."""
    return Vault(read_key(settings.secret_key.get_secret_value(), settings.key_file))


def read_key(key: str, file: Path) -> bytes:
    """Return the key given in base64, or that in `file`, which is made when it is missing.

    Raises `BadKey` for text that is no base64.
    """
    try:
        if key:
            return _decoded(key)
        if file.exists():
            return _decoded(file.read_text())
    except ValueError as error:
        raise BadKey("the key is no base64") from error
    made = secrets.token_bytes(KEY_BYTES)
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(base64.b64encode(made).decode() + "\n")
    return made


def _decoded(text: str) -> bytes:
    plain = text.strip().rstrip("=").translate(_URL_SAFE)
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
