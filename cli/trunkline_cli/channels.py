"""gRPC channels whose failures are already words for people.

Every call gets a deadline. A failed call raises `Unreachable` when nobody answered and `Refused`
when a service said no, with the fields it found wrong.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
from trunkline_kernel.faults import Fault, RemoteError
from trunkline_kernel.rights import BEARER, METADATA
from trunkline_kernel.rpc.batch import MAX_MESSAGE_BYTES
from trunkline_kernel.rpc.status import DETAILS_KEY, error_of

from .errors import CommandError, Refused, Unreachable
from .services import Service, address_variable

TIMEOUT: Final = 10.0
"""Seconds a unary call may take. Far above any answer of a healthy service."""

OPTIONS: Final = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
)

SILENT: Final = {Fault.UNAVAILABLE, Fault.DEADLINE_EXCEEDED}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for mutual TLS."""

    ca: Path
    certificate: Path
    key: Path


def tls_from_environment(environment: Mapping[str, str]) -> TlsFiles | None:
    """Return the files named by TRUNKLINE_TLS_CA_FILE, _CERT_FILE and _KEY_FILE, if any are."""
    names = [f"TRUNKLINE_TLS_{what}_FILE" for what in ("CA", "CERT", "KEY")]
    paths = [Path(environment[name]) for name in names if environment.get(name)]
    if not paths:
        return None
    if len(paths) < len(names):
        raise Refused(f"mutual TLS needs all of {', '.join(names)}")
    return TlsFiles(*paths)


class PeerError(Refused):
    """A service answered with an error. `remote` is what it said."""

    def __init__(self, service: Service, remote: RemoteError) -> None:
        self.remote = remote
        details = [str(violation) for violation in remote.violations]
        if remote.fault == Fault.UNAUTHENTICATED:
            details.append("`trunkline login NAME` lets you in")
        super().__init__(f"{service}: {remote.message}", details)


def open_channel(
    service: Service, address: str, tls: TlsFiles | None, token: str = ""
) -> grpc.Channel:
    """Return a channel to one instance. Connects with the first call; shows an operator's token."""
    if tls is None:
        channel = grpc.insecure_channel(address, options=OPTIONS)
    else:
        channel = grpc.secure_channel(address, _credentials(tls), options=OPTIONS)
    return grpc.intercept_channel(channel, _Translator(service, address, token))


def _credentials(tls: TlsFiles) -> grpc.ChannelCredentials:
    try:
        return grpc.ssl_channel_credentials(
            root_certificates=tls.ca.read_bytes(),
            private_key=tls.key.read_bytes(),
            certificate_chain=tls.certificate.read_bytes(),
        )
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"mutual TLS: {error}") from None


class _Translator(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sets deadlines and turns gRPC errors into `CommandError`."""

    def __init__(self, service: Service, address: str, token: str) -> None:
        self._service = service
        self._address = address
        self._token = token

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        if details.timeout is None:
            details = details._replace(timeout=TIMEOUT)
        call = continuation(self._signed(details), request)
        error = call.exception()
        if error is not None:
            raise self._translate(error)
        return call

    def intercept_unary_stream(
        self, continuation: Callable[..., Any], details: Any, request: Any
    ) -> Any:
        return self._read(continuation(self._signed(details), request))

    def _signed(self, details: Any) -> Any:
        """Return the details of a call with the operator's token."""
        if not self._token:
            return details
        return details._replace(metadata=((METADATA, BEARER + self._token),))

    def _read(self, call: Any) -> Iterator[Any]:
        try:
            yield from call
        except grpc.RpcError as error:
            raise self._translate(error) from None
        finally:
            call.cancel()

    def _translate(self, error: Any) -> CommandError:
        trailers = dict(error.trailing_metadata() or ())
        remote = error_of(
            error.code().value[0], error.details() or "", trailers.get(DETAILS_KEY, b"")
        )
        if remote.fault in SILENT:
            reason = remote.message.rpartition(": ")[2]  # the rest is gRPC's own way there
            return unreachable(self._service, self._address, reason)
        return PeerError(self._service, remote)


def unreachable(service: Service, address: str, why: str) -> Unreachable:
    """Return the error that tells how to reach the service after all."""
    return Unreachable(
        f"{service} does not answer at {address}",
        (
            why,
            f"start the whole switch with `trunkline up`, or this alone with `trunkline {service}`",
            f"elsewhere? --{service} HOST:PORT or {address_variable(service)} says where",
        ),
    )
