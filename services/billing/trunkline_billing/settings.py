"""What the environment tells billing: `TRUNKLINE_BILLING_...`."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from trunkline_kernel.settings import DatabaseSettings, Port, ServiceSettings, Span, VaultSettings


@dataclass(frozen=True, slots=True)
class CdrStream:
    """A NATS JetStream that CDRs are published to."""

    url: str
    subject: str
    name: str


class BillingSettings(ServiceSettings, DatabaseSettings, VaultSettings):
    """Settings of the billing service."""

    model_config = SettingsConfigDict(env_prefix="TRUNKLINE_BILLING_")

    service: ClassVar[str] = "billing"

    grpc_port: Port = 50055
    """Port of gRPC."""

    reservation_lease: Annotated[Span, Field(ge=timedelta(seconds=10))] = timedelta(minutes=2)
    """How long a reservation lives without a sign of its call. Then the call is settled up to its
    last proven second. Signaling extends every third of it."""

    expiry_interval: Annotated[Span, Field(gt=timedelta(0))] = timedelta(seconds=5)
    """Time between two looks for reservations whose lease ran out."""

    alarm_interval: Annotated[Span, Field(gt=timedelta(0))] = timedelta(seconds=15)
    """Time between two checks of what alarms watch."""

    cdr_retention: Annotated[Span, Field(ge=timedelta(days=1))] | None = None
    """How long CDRs are kept. Unset is for ever. The ledger is always kept."""

    cdr_stream_url: str | None = None
    """NATS server that every stored CDR is published to, nats://[TOKEN@]HOST:PORT. Unset: none."""

    cdr_stream_subject: Annotated[str, Field(pattern=r"^[\w-]+(\.[\w-]+)*$")] = "trunkline.cdrs"
    """What the subjects begin with; the account follows."""

    cdr_stream_name: Annotated[str, Field(pattern=r"^[\w-]+$")] = "TRUNKLINE_CDRS"
    """The JetStream. Made with its defaults unless it exists."""

    cdr_folder: Path = Path("var/cdr")
    """Where CDR text files are written (SS_CDR_RECORD_TO_FILE)."""

    peer_port: Port | None = None
    """Port of the door where peers ask for our books (BIL-14). Unset: no door."""

    peer_host: str = "0.0.0.0"  # noqa: S104 - peers are other carriers
    """Address the door listens on."""

    peer_tls_cert_file: Path | None = None
    """Certificate of the door, PEM. Unset: HTTP without TLS, for a proxy that has it."""

    peer_tls_key_file: Path | None = None
    """Private key of the certificate, PEM."""

    commit_linger: Annotated[Span, Field(ge=timedelta(0), le=timedelta(seconds=1))] = timedelta(
        milliseconds=5
    )
    """Shortest time from one commit's begin to the next's: longer means larger groups and later
    answers."""

    @property
    def cdr_stream(self) -> CdrStream | None:
        """The stream that CDRs are published to, if there is one."""
        if self.cdr_stream_url is None:
            return None
        return CdrStream(self.cdr_stream_url, self.cdr_stream_subject, self.cdr_stream_name)
