"""Mutual TLS from certificate files that may be replaced while the process runs."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import grpc

from ..settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where a service's certificate, key and authorities are, all PEM."""

    cert: Path
    key: Path
    ca: Path
    server_name: str | None = None
    """Name expected in the peer's certificate when it is not the host that is dialled."""

    def version(self) -> tuple[int, ...]:
        """Return a value that changes when a file is replaced."""
        return tuple(path.stat().st_mtime_ns for path in (self.cert, self.key, self.ca))

    def client_credentials(self) -> grpc.ChannelCredentials:
        """Return credentials from the files as they are now. Raises `OSError`."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.ca.read_bytes(),
            private_key=self.key.read_bytes(),
            certificate_chain=self.cert.read_bytes(),
        )

    def client_context(self) -> ssl.SSLContext:
        """Return what a caller needs, from the files as they are now. Raises `OSError`."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.cert, self.key)
        return context

    def server_context(self) -> ssl.SSLContext:
        """Return what a listener needs; it follows the files as `server_credentials` do."""
        follower = _ContextFollower(self)
        follower.current.sni_callback = follower
        return follower.current

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that follow the files: a handshake after a change uses the new ones.

        Raises `OSError`.
        """
        reloader = _Reloader(self)
        return grpc.dynamic_ssl_server_credentials(
            reloader.read(),
            cast(Callable[[], grpc.ServerCertificateConfiguration], reloader),
            require_client_authentication=True,
        )


class _Reloader:
    """Gives gRPC the certificates again when a file changed."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._version: tuple[int, ...] = ()

    def read(self) -> grpc.ServerCertificateConfiguration:
        self._version = self._files.version()
        pair = (self._files.key.read_bytes(), self._files.cert.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], self._files.ca.read_bytes())

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            return self.read() if self._files.version() != self._version else None
        except OSError:
            return None  # files are being replaced; the present ones go on


class _ContextFollower:
    """Gives each handshake a context of the files as they are, made anew when one changed."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._version = files.version()
        self.current = self._read()

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self._files.ca)
        context.load_cert_chain(self._files.cert, self._files.key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def __call__(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        try:
            version = self._files.version()
            if version != self._version:
                self.current, self._version = self._read(), version
        except OSError:
            pass  # files are being replaced; the present ones go on
        connection.context = self.current


def tls_files(settings: ServiceSettings) -> TlsFiles | None:
    """Return the files that `settings` name, or None for plain text."""
    if not (settings.tls_cert_file and settings.tls_key_file and settings.tls_ca_file):
        return None
    return TlsFiles(
        settings.tls_cert_file,
        settings.tls_key_file,
        settings.tls_ca_file,
        settings.tls_server_name,
    )
