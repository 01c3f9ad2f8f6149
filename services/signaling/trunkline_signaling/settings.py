"""Settings of signaling, read once from TRUNKLINE_SIGNALING_*."""

import socket
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from trunkline_kernel.advertised import require_public
from trunkline_kernel.settings import (
    DatabaseSettings,
    Port,
    ServiceSettings,
    Span,
    VaultSettings,
)

from .sip.errors import MalformedValue
from .sip.flow import Address
from .sip.grammar import parse_host_port
from .transport.certificates import CertificateError, CertificateFiles, Certificates
from .transport.limits import Rate


class SignalingSettings(
    ServiceSettings, DatabaseSettings, VaultSettings, env_prefix="TRUNKLINE_SIGNALING_"
):
    """Where SIP is spoken, and where the other services are."""

    service: ClassVar[str] = "signaling"

    grpc_port: Port = 50051

    instance: str = Field(default_factory=socket.gethostname)
    """Name of this instance. Seats, sessions and bindings are held in its name: no two alike."""

    sip_address: IPv4Address | IPv6Address = IPv4Address("0.0.0.0")  # noqa: S104  SIP is public
    """Address SIP is received on."""

    sip_ports: tuple[Port, ...] = ()
    """Ports SIP is received on, UDP and TCP on each; 0 lets the system choose. Empty is the
    parameter SS_SIP_PORT."""

    sip_tls_port: Port = 5061
    """Port SIP over TLS is received on, once there is a certificate."""

    sip_tls_cert_file: Path | None = None
    """Certificate chain for SIP over TLS, PEM, its own certificate first. A file that is replaced
    serves the next handshake. Unset takes no connections by TLS."""

    sip_tls_key_file: Path | None = None
    """Private key of that chain, PEM."""

    sip_ws_port: Port | None = None
    """Port SIP over WebSocket is received on (RFC 7118). Unset takes none."""

    sip_wss_port: Port | None = None
    """Port SIP over WebSocket over TLS is received on, with the certificate of SIP over TLS."""

    sip_tls_ca_file: Path | None = None
    """Authorities that vouch for vendors who are called by TLS, PEM. Unset are the system's."""

    sip_rate: Annotated[float, Field(ge=0)] = 50
    """Messages and new connections a second that are read of one source address (of an IPv6 /64)
    nobody knows; further ones are dropped unread. 0 is no limit."""

    sip_rate_burst: Annotated[float, Field(ge=1)] = 250
    """How many of them may come at once."""

    sip_known_rate: Annotated[float, Field(ge=0)] = 0
    """The same for a source that auth let in, or that we called, in the last hour. 0 is no
    limit."""

    sip_trusted_sources: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that count as known from the start: session border controllers, gateways."""

    advertised_address: IPv4Address | IPv6Address | None = None
    """What peers are told instead: behind a NAT, the public address. Unset tells each peer the
    address from which this machine sends to it."""

    allow_private_address: bool = True
    """Whether a private address, or one found by itself, may be told to peers. Where calls come
    from the internet say no: a switch that would be heard by nobody then refuses to start."""

    auth: str = "127.0.0.1:50053"
    """Target of auth: host:port, dns:///host:port, or several with commas between."""

    routing: str = "127.0.0.1:50054"
    """Target of routing."""

    billing: str = "127.0.0.1:50055"
    """Target of billing."""

    media: str = "127.0.0.1:50052"
    """Targets of the media instances. Every address behind a name is an instance of its own."""

    redis_url: str = ""
    """redis:// URL of what several instances share: who registers at which vendor, where each of
    them is, transfers between them. Empty: this instance is alone."""

    outbox: Path = Path("var/signaling-outbox.db")
    """File in which CDRs wait for billing, on a disk that outlives the process."""

    trace_megabytes: Annotated[int, Field(ge=1, le=4096)] = 100
    """Memory a trace may take (MGT-03)."""

    hep_collector: str = ""
    """host:port of a collector of SIP messages that speaks HEP version 3, such as Homer's heplify.
    Empty sends nothing."""

    hep_agent_id: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 2001
    """Capture agent id by which the collector tells this instance from others."""

    hep_password: SecretStr = SecretStr("")
    """Authentication key of the collector; it is sent in the clear, as HEP has it."""

    drain_grace: Annotated[Span, Field(ge=timedelta(0))] = timedelta(hours=2)
    """How long after SIGTERM calls may go on; then they get BYE and a CDR."""

    @field_validator("hep_collector")
    @classmethod
    def _is_host_and_port(cls, text: str) -> str:
        if text:
            _host_and_port(text)
        return text

    @property
    def collector_address(self) -> Address | None:
        """Host and port of `hep_collector`."""
        return _host_and_port(self.hep_collector) if self.hep_collector else None

    @property
    def rate_of_strangers(self) -> Rate | None:
        """What a source nobody knows may send."""
        return Rate(self.sip_rate, self.sip_rate_burst) if self.sip_rate else None

    @property
    def rate_of_known(self) -> Rate | None:
        """What a known source may send."""
        rate = self.sip_known_rate
        return Rate(rate, max(rate, self.sip_rate_burst)) if rate else None

    @property
    def certificate_files(self) -> CertificateFiles:
        """Files of SIP over TLS."""
        return CertificateFiles(self.sip_tls_cert_file, self.sip_tls_key_file, self.sip_tls_ca_file)

    @model_validator(mode="after")
    def _has_certificates(self) -> Self:
        if (self.sip_tls_cert_file is None) != (self.sip_tls_key_file is None):
            raise ValueError("SIP over TLS needs both SIP_TLS_CERT_FILE and SIP_TLS_KEY_FILE")
        if self.sip_wss_port is not None and self.sip_tls_cert_file is None:
            raise ValueError("SIP_WSS_PORT needs SIP_TLS_CERT_FILE and SIP_TLS_KEY_FILE")
        try:
            Certificates(self.certificate_files)
        except CertificateError as error:
            raise ValueError(f"SIP over TLS: {error}") from None
        return self

    @model_validator(mode="after")
    def _is_reachable(self) -> Self:
        if not self.allow_private_address:
            require_public("advertised_address", [self.advertised_address])
        return self


def _host_and_port(text: str) -> Address:
    try:
        host, port = parse_host_port(text)
    except MalformedValue:
        port = None
    if not port:
        raise ValueError(f"{text!r} is not host:port")
    return host, port
