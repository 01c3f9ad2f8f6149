"""Certificates of SIP over TLS, from files that may be replaced while the process runs.

A handshake after a change uses the new files. Files that cannot be used, as when they are being
replaced, change nothing: the present certificate goes on, and the log says why.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from cryptography import x509

log = structlog.stdlib.get_logger(__name__)

_MISSING: Final = -1


class CertificateError(Exception):
    """A file of a certificate cannot be used. The message names the file and says why."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where certificates are, all PEM."""

    cert: Path | None = None
    """Own chain, the server's certificate first. Without one, nobody is let in by TLS."""
    key: Path | None = None
    """Private key of the chain."""
    ca: Path | None = None
    """Authorities that vouch for vendors. None means those of the system."""

    def version(self) -> tuple[int, ...]:
        """Return a value that changes when a file is replaced."""
        return tuple(_changed(path) for path in (self.cert, self.key, self.ca) if path is not None)


class _Contexts(NamedTuple):
    serving: ssl.SSLContext | None
    calling: ssl.SSLContext
    expiry: float | None


class Certificates:
    """TLS contexts of one process. Raises `CertificateError` when the files cannot be used."""

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self._version = files.version()
        self._contexts = _read(files)
        self._door = self._contexts.serving
        if self._door is not None:
            self._door.sni_callback = self._choose

    @property
    def serving(self) -> ssl.SSLContext | None:
        """What a listener takes connections with, for good: each handshake sees the newest files.
        None without a certificate.
        """
        return self._door

    @property
    def calling(self) -> ssl.SSLContext:
        """What the next connection is opened with. It checks the chain, not the name: that is
        `domains.proves`.
        """
        return self._newest().calling

    @property
    def expiry(self) -> float | None:
        """UNIX seconds at which the certificate in use expires. None without a certificate."""
        return self._newest().expiry

    def _choose(self, handshake: ssl.SSLObject, name: str | None, door: ssl.SSLContext) -> None:
        newest = self._newest().serving
        if newest is not None and newest is not door:
            handshake.context = newest

    def _newest(self) -> _Contexts:
        version = self._files.version()
        if version != self._version:
            self._version = version
            try:
                self._contexts = _read(self._files)
            except CertificateError as error:
                log.warning("the certificate in use goes on", reason=str(error))
            else:
                log.info("certificates read anew", expiry=self._contexts.expiry)
        return self._contexts


def _read(files: CertificateFiles) -> _Contexts:
    calling = _calling(files.ca)
    if files.cert is None or files.key is None:
        return _Contexts(None, calling, None)
    expiry = _expiry(files.cert)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (serving, calling):
        _load(context, files.cert, files.key)
    return _Contexts(serving, calling, expiry.timestamp())


def _calling(ca: Path | None) -> ssl.SSLContext:
    with _naming(ca):
        context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False  # RFC 5922 has rules of its own
    return context


def _load(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    with _naming(key):
        key.read_bytes()
    try:
        context.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{key}: is not the key of {cert}") from None
        raise CertificateError(f"{key}: expected an unencrypted private key in PEM") from None


def _expiry(cert: Path) -> datetime:
    with _naming(cert):
        pem = cert.read_bytes()
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise CertificateError(f"{cert}: expected certificates in PEM") from None
    expiry = min(one.not_valid_after_utc for one in chain)
    if expiry <= datetime.now(UTC):
        raise CertificateError(f"{cert}: expired at {expiry:%Y-%m-%d %H:%M} UTC")
    return expiry


@contextmanager
def _naming(path: Path | None) -> Iterator[None]:
    """Say which file the system could not read."""
    try:
        yield
    except ssl.SSLError:
        raise CertificateError(f"{path}: expected certificates in PEM") from None
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from None


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return _MISSING
